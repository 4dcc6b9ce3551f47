"""`ml-connector demo`: the whole work on one machine, against the sandbox, with the numbers added up at the end."""
