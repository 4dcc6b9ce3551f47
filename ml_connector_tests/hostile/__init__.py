"""Hostile inputs (bar 8): at every door a clear answer, nothing lost, no exception let through, no secret shown."""
