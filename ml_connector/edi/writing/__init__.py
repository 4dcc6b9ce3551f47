"""Documents to X12, checked strictly."""
