"""The same records and batches by files on a server (`mode: files`; avidxchange 6)."""
