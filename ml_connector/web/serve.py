"""Runs the web app with uvicorn."""

import socket
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio switches Nagle off; else answers wait for delayed acknowledgments of TCP.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    # From here on who connects waits a moment until the server runs, instead of being refused.
    bound.listen(128)
    return bound


def make_server(app: Starlette, *, certificate: str | None = None, key: str | None = None) -> uvicorn.Server:
    """A server without an access log of its own: uvicorn's would write codes of the OAuth callback.

    certificate, key: PEM files, when no proxy in front ends TLS.
    """
    config = uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="off",
        limit_concurrency=200,
        # The one of uvicorn's parsers that bounds what a request may say before its body.
        http="h11",
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
    certificate: str | None = None,
    key: str | None = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM. ready: told the address once the port is taken."""
    bound = listen(host, port)
    scheme = "https" if certificate else "http"
    shown = f"[{host}]" if ":" in host else host
    if ready is not None:
        ready(f"{scheme}://{shown}:{bound.getsockname()[1]}")
    make_server(app, certificate=certificate, key=key).run(sockets=[bound])
