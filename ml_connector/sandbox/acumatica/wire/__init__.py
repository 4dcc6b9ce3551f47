"""What the stand-in says and reads: the contract, values, queries, errors."""
