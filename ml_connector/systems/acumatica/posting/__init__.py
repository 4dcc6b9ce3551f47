"""What is written: bills, receipts, changes of orders, and the actions after them."""
