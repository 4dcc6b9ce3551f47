"""Transaction sets to canonical documents and back, one module for each kind of document."""
