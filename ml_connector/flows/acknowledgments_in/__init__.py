"""Acknowledgments in: 997, 999, TA1, 824, 855, 865."""
