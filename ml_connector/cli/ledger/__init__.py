"""`ml-connector ledger`."""
