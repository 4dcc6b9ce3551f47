"""The simulated Exact over HTTP."""
