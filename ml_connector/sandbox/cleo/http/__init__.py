"""The simulated Cleo over HTTP."""
