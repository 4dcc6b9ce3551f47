"""Outside systems by name: where each one's `System` stands. A module is imported when its system is asked for."""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ml_connector.errors import ConfigError

if TYPE_CHECKING:
    from ml_connector.systems.system import System

#: The systems that come with the package: `system:` in connections.yaml, and `module:object`.
SHIPPED = {
    "acumatica": "ml_connector.systems.acumatica.system:SYSTEM",
    "avidxchange": "ml_connector.systems.avidxchange.system:SYSTEM",
    "cleo": "ml_connector.systems.cleo.system:SYSTEM",
    "exact_online": "ml_connector.systems.exact_online.system:SYSTEM",
    "sage_intacct": "ml_connector.systems.sage_intacct.system:SYSTEM",
    "truecommerce": "ml_connector.systems.truecommerce.system:SYSTEM",
}
_added: dict[str, str] = {}


def names() -> list[str]:
    """Every system that is known."""
    return sorted(SHIPPED | _added)


def add(name: str, place: str) -> None:
    """Make a system of somebody else's package known (`systems:` in connections.yaml).

    Raises:
        ConfigError: the name is taken.
    """
    taken = SHIPPED.get(name) or _added.get(name)
    if taken is not None and taken != place:
        raise ConfigError(f"systems.{name}: {name} is {taken} already.", remedy="Choose another name.")
    if name not in SHIPPED:
        _added[name] = place


def forget_added() -> None:
    """Know only what comes with the package; for tests."""
    _added.clear()
    _at.cache_clear()


def find(name: str) -> "System[Any, Any]":
    """The system of this name.

    Raises:
        ConfigError: it is not known, or where it should stand there is none.
    """
    place = SHIPPED.get(name) or _added.get(name)
    if place is None:
        raise ConfigError(f"{name[:60]!r} is not a system that is known.", remedy=f"Known are: {', '.join(names())}.")
    return _at(name, place)


@cache
def _at(name: str, place: str) -> "System[Any, Any]":
    module, _, attribute = place.partition(":")
    try:
        found: System[Any, Any] = getattr(import_module(module), attribute or "SYSTEM")
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"systems.{name}: {place} cannot be loaded ({error}).",
            remedy="Install its package, and name the object as module:OBJECT.",
        ) from error
    if found.name != name:
        raise ConfigError(
            f"systems.{name}: {place} calls itself {found.name}.", remedy=f"Write it as systems.{found.name}."
        )
    return found
