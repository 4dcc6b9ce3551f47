"""Reference tables: kept, and looked up in."""
