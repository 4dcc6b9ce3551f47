"""Secrets: where they stand, how they are kept, and the tokens that rotate."""
