"""Local stand-ins of the outside systems: real sockets on loopback, seed data, a movable clock, limits and faults."""
