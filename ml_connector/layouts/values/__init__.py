"""Texts and values: dates, numbers, encodings; what is wrong is told."""
