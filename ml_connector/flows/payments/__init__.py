"""Payments beside what is open in the books: one rule for advices that come and for payments that others made."""
