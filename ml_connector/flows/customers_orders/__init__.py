"""Orders of customers beside what became of them in the ERP, for whoever tells the customers."""
