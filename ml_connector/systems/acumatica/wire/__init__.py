"""The contract-based REST API: calls, values, filters, pages, and what answers mean."""
