"""What is written to Exact, and found again."""
