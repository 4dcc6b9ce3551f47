"""Reference tables that leave."""
