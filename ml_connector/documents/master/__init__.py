"""Master data that is told to others, or that others tell us."""
