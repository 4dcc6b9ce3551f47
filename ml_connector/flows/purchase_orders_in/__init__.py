"""Orders of our own purchasing in: an 850 whose buyer is our company becomes a purchase order in the ERP."""
