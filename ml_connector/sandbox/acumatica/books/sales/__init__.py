"""Orders, shipments and invoices of customers."""
