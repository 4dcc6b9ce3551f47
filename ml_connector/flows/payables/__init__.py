"""What flows with a network that approves and pays invoices have in common."""
