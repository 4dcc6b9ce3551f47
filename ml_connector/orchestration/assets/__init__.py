"""The asset graph."""
