"""What is owed to suppliers and what is paid of it: in the books, and as a network that approves and pays has it."""
