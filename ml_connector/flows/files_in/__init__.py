"""Files in: what every inbound flow has before it, declared. The work is in `flows.inbound`."""
