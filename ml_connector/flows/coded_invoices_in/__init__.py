"""Invoices that were approved and coded at a network become bookings in the ERP."""
