"""What the stand-in says and reads: the contract, records and values, queries, errors."""
