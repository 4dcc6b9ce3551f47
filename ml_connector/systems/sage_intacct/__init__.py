"""Sage Intacct as an ERP: one XML gateway, sessions, entities."""
