"""`documents`, `trace` and `try`."""
