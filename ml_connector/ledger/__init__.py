"""The ledger: one truth about what happened (DESIGN section 3). Core SQLAlchemy, functions over a transaction."""
