"""The formats: delimited and fixed text, XML, JSON, as nodes."""
