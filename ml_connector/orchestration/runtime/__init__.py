"""What happens inside a run: its resource, its steps, its figures and checks."""
