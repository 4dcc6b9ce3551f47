"""Who may call, and who is called: tokens and webhooks."""
