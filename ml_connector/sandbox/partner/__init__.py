"""The trading partners behind the simulated network: they take orders away and answer them in X12."""
