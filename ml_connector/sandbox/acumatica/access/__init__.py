"""Who may call: log-ins, sessions with their seats, call limits."""
