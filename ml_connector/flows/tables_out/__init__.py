"""Rows of reference tables as records of a network: each sent when it is new there, and when it says something else."""
