"""Whole addresses of calls, all of one origin: a token goes nowhere else."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from ml_connector.errors import RefusedBySystem
from ml_connector.transport.response_body import clean

#: Left as they are in a query; the rest is percent-encoded, blanks as %20.
QUERY_SAFE = "$()',:/*-_.~"


@dataclass(frozen=True)
class Addresses:
    """The addresses of one connection. base_url: scheme and host, perhaps with a path, without a slash at its end."""

    name: str
    base_url: str

    def of(self, path: str, params: Mapping[str, str] | None = None) -> str:
        """The whole address of a call, encoded.

        path: below the base URL, or an address of the same origin (a next-page link).

        Raises:
            RefusedBySystem: the address is of another origin; no token is sent there.
        """
        if path.startswith("/"):
            address = self.base_url + quote(path, safe="/$()',:;=@~%+-._")
        else:
            self._check_origin(path)
            address = path
        return with_params(address, params or {})

    def _check_origin(self, address: str) -> None:
        ours, theirs = _origin(self.base_url), _origin(address)
        if theirs is None or theirs != ours:
            where = f"{theirs[0]}://{theirs[1]}:{theirs[2]}" if theirs else "no usable address"
            raise RefusedBySystem(
                f"{self.name}: an answer points to another address ({clean(where, 80)}).",
                remedy="Check base_url of the connection; the link was not followed.",
            )


def with_params(address: str, params: Mapping[str, str]) -> str:
    """An address with more in its query."""
    if not params:
        return address
    return f"{address}{'&' if '?' in address else '?'}{urlencode(params, quote_via=quote, safe=QUERY_SAFE)}"


def _origin(address: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; None when it has none, or carries a user name."""
    try:
        parts = urlsplit(address)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError:
        return None
    if not parts.hostname or parts.username is not None:
        return None
    return parts.scheme, parts.hostname.lower(), port
