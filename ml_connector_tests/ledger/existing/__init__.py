"""An existing deployment's ledger, as the program of schema 0003 left it (see README.md)."""
