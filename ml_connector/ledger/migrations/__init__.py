"""Migrations of the ledger (Alembic)."""
