"""Shipments to customers, told to them (856)."""
