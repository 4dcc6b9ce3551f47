"""An SFTP server over a tree in memory, for stand-ins whose files lie on one."""
