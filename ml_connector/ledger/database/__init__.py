"""The database: opened, versioned, sealed; its failures in words."""
