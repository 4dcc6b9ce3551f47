"""Calls: shapes of answers, pages, results, values."""
