"""Payments that a network made, into the books: booked when they count as paid, taken back when they are voided."""
