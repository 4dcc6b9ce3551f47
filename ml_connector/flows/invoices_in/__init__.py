"""Invoices in: 810 becomes a bill."""
