"""Its other side in files: what it takes of ours and what it lays out for us (avidxchange 6)."""
