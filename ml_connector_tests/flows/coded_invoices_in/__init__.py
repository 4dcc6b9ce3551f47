"""Invoices approved and coded at a network."""
