"""A secret in memory, and where it comes from. Values are read at the moment of use and never shown."""

import hmac
from typing import NoReturn

#: Larger than any password, key or PEM file.
MAX_SECRET_BYTES = 65_536


class Secret:
    """Text that shows itself only to `reveal()`: not to repr, str, format or pickle."""

    __slots__ = ("_value",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself: hand it straight to the call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        """Constant-time comparison with another Secret or with text."""
        if isinstance(other, Secret):
            other = other._value
        if not isinstance(other, str):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other.encode())

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled")
