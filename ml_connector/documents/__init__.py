"""Canonical business documents and reference records: what flows work on, whatever wire they came by."""
