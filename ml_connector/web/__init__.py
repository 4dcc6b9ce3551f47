"""What the outside reaches over HTTP: webhooks, the OAuth callback, and whether we are well."""
