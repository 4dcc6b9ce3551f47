"""Documents, their operations and events."""
