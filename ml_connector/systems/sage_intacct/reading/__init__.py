"""What is read: reference tables, purchasing documents."""
