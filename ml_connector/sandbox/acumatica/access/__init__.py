"""Who may call and is at work: tokens, sessions with their seats, running actions, call limits."""
