"""The deployment's configuration: connections.yaml and one file a partner, as validated models.

`loading.load_deployment(path)` reads and checks them; every error names the file, the key, the value and the mend.
Secrets stand in it by reference only (`secrets.SecretRef`).
"""
