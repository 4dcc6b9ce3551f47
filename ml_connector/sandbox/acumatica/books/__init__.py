"""What the screens do: records, their rules, and what a release does to other records."""
