"""What we sell, as an ERP has it: orders of customers, invoices, and what it knows of customers and items for sale."""
