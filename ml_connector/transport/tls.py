"""Whom we trust on TLS connections."""

import ssl
from functools import cache

import httpx


@cache
def trusted() -> ssl.SSLContext:
    """The system's certificates, one context for all clients of the process: loading them takes 20 ms each time."""
    return httpx.create_ssl_context()
