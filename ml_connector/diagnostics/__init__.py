"""What `ml-connector check` finds out."""
