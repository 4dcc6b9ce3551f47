"""Ship notices in: 856 becomes goods receipts."""
