"""GL accounts, cost centers and cost units as codes of a network that invoices are coded with."""
