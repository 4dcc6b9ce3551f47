"""Segments against definitions: elements, structure, control totals, findings."""
