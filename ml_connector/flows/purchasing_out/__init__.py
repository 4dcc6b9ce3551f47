"""Purchase orders and receipts of the ERP leave for a network that matches invoices with them."""
