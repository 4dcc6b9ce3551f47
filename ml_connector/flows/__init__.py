"""What moves: plain functions over the ledger and the small protocols of `ports`. No system, no Dagster."""
