"""What is read: reference tables and documents."""
