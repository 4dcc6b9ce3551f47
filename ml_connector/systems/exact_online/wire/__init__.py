"""Exact's wire: addresses, filters, values, limits, errors, divisions."""
