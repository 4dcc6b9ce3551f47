"""Names are labels: what they stand for, and what happens when that changes."""
