"""What is read from Exact: orders, addresses, reference tables."""
