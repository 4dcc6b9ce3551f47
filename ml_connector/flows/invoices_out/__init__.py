"""Booked supplier invoices of the ERP leave for approval and payment."""
