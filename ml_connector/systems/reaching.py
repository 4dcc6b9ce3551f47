"""Whether an address over HTTP is safe to use, and whether anything answers there."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from ml_connector.errors import TryAgain
from ml_connector.systems.results import CheckLevel, CheckResult

#: Clocks that differ by more make tokens expire at the wrong moment.
CLOCK_SKEW = timedelta(seconds=60)
REACH_SECONDS = 10.0


def encrypted(name: str, url: str) -> Iterator[CheckResult]:
    """Told where what travels to an address can be read on the way."""
    if not is_private(url):
        remedy = "Use https://: passwords and tokens travel on it."
        yield CheckResult(name, "address", CheckLevel.WARN, f"{url} is not encrypted", remedy)


def is_private(url: str) -> bool:
    """Whether what travels to this address is encrypted, or never leaves the machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" or parts.hostname == "localhost":
        return True
    try:
        return ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def reachable(name: str, url: str, timeout: float) -> Iterator[CheckResult]:
    """Any answer at all counts; its Date tells whether the clocks agree."""
    import httpx

    from ml_connector.transport.deadline import all_within
    from ml_connector.transport.tls import trusted

    asked = datetime.now(UTC)
    try:
        with (
            httpx.Client(timeout=min(REACH_SECONDS, timeout), verify=trusted()) as client,
            all_within(client, 2 * min(REACH_SECONDS, timeout)),
        ):
            answer = client.head(url)
    except httpx.TimeoutException:
        raise TryAgain(f"{url} does not answer in time.", remedy="See firewall and proxy.") from None
    except httpx.HTTPError as error:
        kind = type(error).__name__
        remedy = "See that the address is right, and that DNS, firewall, proxy and certificates let it through."
        raise TryAgain(f"{url} cannot be reached ({kind}).", remedy=remedy) from None
    yield CheckResult(name, "reachable", CheckLevel.GOOD, f"{url} answers")
    skew = clock_skew(answer.headers.get("date", ""), asked)
    if skew is not None and abs(skew) > CLOCK_SKEW:
        direction = "behind" if skew > timedelta(0) else "ahead of"
        message = f"this machine's clock is {abs(skew).total_seconds():.0f} s {direction} the server's"
        yield CheckResult(name, "clock", CheckLevel.WARN, message, "Let the machine keep its time by NTP.")


def clock_skew(date_header: str, asked: datetime) -> timedelta | None:
    """How far our clock is from the server's; None where it does not say."""
    try:
        told = parsedate_to_datetime(date_header)
    except (TypeError, ValueError):
        return None
    return told - asked if told.tzinfo is not None else None
