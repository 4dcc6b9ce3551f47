"""What came and left: files, envelopes, listings, notices, versions of reference tables."""
