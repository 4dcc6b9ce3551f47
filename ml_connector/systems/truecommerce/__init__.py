"""TrueCommerce Transaction Manager: folders of files over SFTP."""
