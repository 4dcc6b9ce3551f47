"""AvidXchange: invoices are approved and paid there; a network of records, and of batches as files."""
