"""HTTP to the outside systems: one client, call limits, retries, tokens."""
