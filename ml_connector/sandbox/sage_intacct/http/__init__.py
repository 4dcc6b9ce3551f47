"""The gateway's one address: what it takes, in which order it judges a request, what it answers."""
