"""The functions of the gateway: reads, writes, and the older lower-case ones."""
