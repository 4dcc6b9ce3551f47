"""Runs the web app with uvicorn."""

import errno
import socket
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

from ml_connector.errors import ConfigError
from ml_connector.web.connections import Bounds, protocol


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        ConfigError: there is no such address here, the port is another program's, or this user may not have it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio switches Nagle off; else answers wait for delayed acknowledgments of TCP.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        # From here on who connects waits a moment until the server runs, instead of being refused.
        bound.listen(128)
    except OSError as error:
        bound.close()
        taken = error.errno == errno.EADDRINUSE
        raise ConfigError(
            f"{host}, port {port}: cannot listen there ({error.strerror}).",
            remedy="End the program that listens there, or choose another port (--port, webhooks.port)."
            if taken
            else "Choose an address of this machine and a port that this user may have (--host, --port).",
        ) from error
    return bound


def make_server(
    app: Starlette, *, bounds: Bounds | None = None, certificate: str | None = None, key: str | None = None
) -> uvicorn.Server:
    """A server without an access log of its own: uvicorn's would write codes of the OAuth callback.

    certificate, key: PEM files, when no proxy in front ends TLS.
    """
    bounds = bounds or Bounds()
    config = uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="off",
        # Silent connections are bounded by ours; beyond this so many requests are under way that 503 is the answer.
        limit_concurrency=bounds.at_once + 50,
        # On the one of uvicorn's parsers that bounds what a request may say before its body.
        http=protocol(bounds),
        h11_max_incomplete_event_size=16_384,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=10,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    return uvicorn.Server(config)


def serve(
    app: Starlette,
    host: str,
    port: int,
    *,
    ready: Callable[[str], None] | None = None,
    bounds: Bounds | None = None,
    certificate: str | None = None,
    key: str | None = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM. ready: told the address once the port is taken.

    Raises:
        ConfigError: it cannot listen there, or the certificate or its key cannot be used.
    """
    server = make_server(app, bounds=bounds, certificate=certificate, key=key)
    try:
        server.config.load()
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
        raise ConfigError(
            f"The certificate {certificate} with its key {key or 'in the same file'} cannot be used: {why}.",
            remedy="Name PEM files that belong together and that this user may read (--certificate, --key).",
        ) from error
    bound = listen(host, port)
    scheme = "https" if certificate else "http"
    shown = f"[{host}]" if ":" in host else host
    if ready is not None:
        ready(f"{scheme}://{shown}:{bound.getsockname()[1]}")
    server.run(sockets=[bound])
