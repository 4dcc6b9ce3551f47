"""Between a file's nodes and documents."""
