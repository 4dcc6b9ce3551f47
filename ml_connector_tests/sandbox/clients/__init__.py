"""Other people's clients of Exact Online, unmodified, as programs of their own."""
