"""Documents of what we sell, as an ERP has them."""
