"""Does the ledger hold together, is it as old as it should be, what may be forgotten."""
