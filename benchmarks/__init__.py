"""What it costs and what it survives. Commands and tables: docs/benchmarks.md."""
