"""What we take of customers' orders, told to them (855)."""
