"""ml-connector: ERPs and B2B networks exchange documents, as Dagster assets over an append-only ledger."""

__version__ = "0.1.0"
