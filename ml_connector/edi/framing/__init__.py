"""Bytes to segments: envelopes, separators, values, what is damaged."""
