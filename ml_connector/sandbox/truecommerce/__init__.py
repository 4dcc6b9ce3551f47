"""TrueCommerce's Integration FTP: an SFTP server, and the Transaction Manager behind it."""
