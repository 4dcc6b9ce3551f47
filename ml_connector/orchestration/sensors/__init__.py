"""Sensors: cheap questions whether there is work."""
