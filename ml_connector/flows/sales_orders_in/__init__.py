"""Sales orders in: a customer's 850 becomes a sales order in the ERP."""
