"""Vendors that others tell us of: linked with ours, held with candidates, created once, or proposed."""
