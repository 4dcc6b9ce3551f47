"""Characters, decimals, currencies, price bases."""
