"""What every command has."""
