"""Identifiers as Cleo gives them: 22 URL-safe characters (cleo 5)."""

import base64
import secrets


def new_id() -> str:
    """A new identifier: 128 random bits in URL-safe base 64 without padding."""
    return base64.urlsafe_b64encode(secrets.token_bytes(16)).rstrip(b"=").decode("ascii")
