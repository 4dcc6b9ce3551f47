"""What people ask about documents and do with them, whether at the command line or on the pages."""
