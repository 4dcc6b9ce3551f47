"""Jobs, and what is done on a schedule."""
