"""Sets that are right in every respect, recognized by pattern."""
