"""Vendors that others tell us of."""
