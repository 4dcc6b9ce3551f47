"""Documents become files and leave."""
