"""After a restore: what may have left, and what proves it."""
