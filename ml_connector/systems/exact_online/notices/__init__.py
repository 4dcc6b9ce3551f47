"""Webhooks of Exact."""
