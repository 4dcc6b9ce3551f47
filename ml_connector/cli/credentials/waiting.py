"""Waiting for what comes back from a consent page: pasted by a person, or taken by the receiver's callback."""

import queue
import sys
import threading
import time
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ml_connector.composition import Deployment
    from ml_connector.credentials.tokens import StoredToken

#: A link is good for half an hour (docs/credentials.md).
LINK_SECONDS = 1_800
_BETWEEN_LOOKS = 0.5


def pasted(deployment: "Deployment", connection: str, wait_seconds: float) -> str:
    """What a person pastes, or what stands on standard input; empty where nothing is to be exchanged.

    Without a terminal, and without a line on standard input, this waits until the receiver has taken the answer.
    """
    if sys.stdin.isatty():
        question = "Paste the code or the address you were sent to (empty when the page said that it is done)"
        return str(click.prompt(question, default="", show_default=False, err=True)).strip()
    return _line_or_authorized(deployment, connection, wait_seconds)


def is_authorized(deployment: "Deployment", connection: str) -> bool:
    """Whether there is an access token by now."""
    row = _stored(deployment, connection)
    return row is not None and row.state.value == "valid" and row.access is not None


def _line_or_authorized(deployment: "Deployment", connection: str, wait_seconds: float) -> str:
    before = _stored(deployment, connection)
    lines: queue.Queue[str] = queue.Queue()
    # who started us may keep standard input open and never write to it
    threading.Thread(target=lambda: lines.put(sys.stdin.readline(16_384)), daemon=True).start()
    until = time.monotonic() + wait_seconds
    while True:
        try:
            line = lines.get(timeout=_BETWEEN_LOOKS)
        except queue.Empty:
            line = ""
        if line:
            return line.strip()
        now = _stored(deployment, connection)
        taken = now is not None and (before is None or now.generation != before.generation)
        if (taken and is_authorized(deployment, connection)) or time.monotonic() > until:
            return ""


def _stored(deployment: "Deployment", connection: str) -> "StoredToken | None":
    from ml_connector.credentials.tokens import TokenStore

    return TokenStore(deployment.ledger, deployment.vault, connection).read()
