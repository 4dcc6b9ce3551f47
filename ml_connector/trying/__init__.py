"""`ml-connector try`: the real steps of a run over a scratch ledger, with an ERP and a network that only remember."""
