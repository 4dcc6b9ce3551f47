"""Names and what they stand for, through renames."""
