"""What writes do to the books."""
