"""Suppliers of the ERP as vendors of a network that pays."""
