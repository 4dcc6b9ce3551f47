"""Lists, traces, totals."""
