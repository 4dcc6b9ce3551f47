"""The books of a company: its objects, what a write does to them, and how a failed one is taken back."""
