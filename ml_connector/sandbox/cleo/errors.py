"""The one error of the simulated API: a status and a JSON body with `message` (cleo 6, error body)."""

from collections.abc import Mapping


class ApiError(Exception):
    """A refusal. `headers` go out with it."""

    def __init__(self, status: int, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})
