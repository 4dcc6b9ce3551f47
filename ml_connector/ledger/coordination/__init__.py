"""Leases, control numbers, limits, alerts, cursors: what processes share."""
