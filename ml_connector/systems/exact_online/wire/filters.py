"""Building $filter expressions, and packing many look-ups into few addresses of at most 6,000 characters."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar
from urllib.parse import quote

from ml_connector.errors import WeAreWrong
from ml_connector.systems.exact_online.wire.odata_literals import guid_literal
from ml_connector.transport.addresses import QUERY_SAFE

T = TypeVar("T")


def equals(field: str, literal: str) -> str:
    """The field has this value."""
    return f"{field} eq {literal}"


def any_of(conditions: Sequence[str]) -> str:
    """One of them, in parentheses when there are several."""
    return conditions[0] if len(conditions) == 1 else "(" + " or ".join(conditions) + ")"


def one_of_guids(field: str) -> Callable[[Sequence[str]], str]:
    """The condition that a field is one of some guids, for `ExactClient.rows_matching`."""
    return lambda guids: any_of([equals(field, guid_literal(one)) for one in guids])


def all_of(conditions: Sequence[str]) -> str:
    """All of these conditions."""
    return " and ".join(conditions)


#: Bytes that stand for themselves in an address; every other becomes three characters.
_PLAIN = bytes(c for c in range(128) if quote(chr(c), safe=QUERY_SAFE) == chr(c))


def encoded_length(text: str) -> int:
    """How long a text is in a URL."""
    data = text.encode()
    return len(data) + 2 * len(data.translate(None, _PLAIN))


def packed(items: Iterable[T], condition: Callable[[Sequence[T]], str], room: int) -> Iterator[list[T]]:
    """Split items into batches, in order, such that `condition(batch)` encoded is at most `room` long.

    condition: must not get shorter when an item is added.

    Raises:
        WeAreWrong: a single item does not fit.
    """
    batch: list[T] = []
    used = 0
    for item in items:
        alone = encoded_length(condition([item]))
        if alone > room:
            raise WeAreWrong(f"a look-up of {alone} characters does not fit into an address")
        # The sum over-estimates what a joint condition needs, by its shared parts: that is made, and counts from there.
        used += alone + 8
        if batch and used > room:
            used = encoded_length(condition([*batch, item])) + 8
        if batch and used - 8 > room:
            yield batch
            batch, used = [], alone + 8
        batch.append(item)
    if batch:
        yield batch
