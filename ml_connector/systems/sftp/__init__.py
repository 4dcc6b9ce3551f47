"""What speaks SFTP, for any system whose files lie on such a server: log-in, host key, folders, uploads, a mailbox."""
