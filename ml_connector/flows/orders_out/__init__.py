"""Orders out: 850, 860, cancellations."""
