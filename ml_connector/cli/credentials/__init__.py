"""`ml-connector credentials`."""
