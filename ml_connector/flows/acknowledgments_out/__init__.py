"""Acknowledgments out: our 997s and TA1s."""
