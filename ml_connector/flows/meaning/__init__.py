"""What codes, numbers and names in documents mean: decided by lists, pure functions."""
