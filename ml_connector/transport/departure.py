"""What is known of a request's way to the socket, by httpcore's own word (its `trace` extension)."""

from collections.abc import Mapping
from typing import Any

import httpx

from ml_connector.proof import prove

#: In the data of a TryAgain: a part of the request left. Where bytes are stored as they come, a part may stand there.
CUT_SHORT = "cut_short"


def prove_before_sending(event: str, _info: Mapping[str, Any]) -> None:
    """A connection is there, and nothing of what follows was sent yet.

    A request without its whole body is none: until the body's bytes leave, nothing has happened.
    """
    if event in ("http11.send_request_headers.started", "http11.send_request_body.started"):
        prove()


class Departure:
    """The trace of one request that writes: proves it, and knows whether a part of it was kept back.

    That the last byte was handed to the socket proves nothing. But a request of which some bytes were not cannot have
    been processed: its body is announced with its length, and the server never had all of it.
    """

    def __init__(self) -> None:
        self.begun = False
        self.whole = False

    def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        prove_before_sending(event, info)
        if event == "http11.send_request_headers.started":
            self.begun, self.whole = True, False
        elif event == "http11.send_request_body.complete":
            self.whole = True


def cut_short(request: httpx.Request) -> bool:
    """Whether a request that writes began to leave and some of it certainly did not."""
    departure = request.extensions.get("trace")
    if not isinstance(departure, Departure) or "content-length" not in request.headers:
        return False
    return departure.begun and not departure.whole
