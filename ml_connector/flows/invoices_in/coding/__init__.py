"""Coding a matched invoice: account, dimensions and taxes of every line, and the bill to post."""

from ml_connector.flows.invoices_in.coding.bill import code_invoice as code_invoice
