"""A layout file: what it may say, loaded and made ready to work."""
