"""The HTTP face: routing, reads, writes, actions, files."""
