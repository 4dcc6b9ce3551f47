"""Who is in: the log-in, the session that all processes share, and whose turn it is on the wire."""
