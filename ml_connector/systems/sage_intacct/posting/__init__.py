"""What is written: bills, adjustments, purchasing documents, changes of orders, sales orders."""
