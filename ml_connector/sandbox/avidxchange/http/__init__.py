"""Its calls."""
