"""Writing to the ERP: planned, begun, finished, confirmed."""
