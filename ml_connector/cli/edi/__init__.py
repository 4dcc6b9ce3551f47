"""`ml-connector edi`."""
