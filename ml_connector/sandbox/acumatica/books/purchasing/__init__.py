"""Orders, receipts and bills of vendors."""
