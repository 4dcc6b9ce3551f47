"""Reference tables of the ERP to whoever works with them: whole, and what changed since."""
