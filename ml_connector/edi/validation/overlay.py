"""A partner's guide as a small overlay on the standard's definitions: partner guides win over the standard.

An overlay only loosens, narrows code lists, or ignores; it never changes what a segment means.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ml_connector.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Overlay:
    """What a partner does otherwise. Hashable, so that compiled definitions can be kept per overlay.

    codes: (element number, codes) added to that element's list. only: (element number, codes) that replace the list
    and close it. optional: "BEG05" or "PO103" for elements, "TDS" for segments, that may be missing. ignore: AK304
    or AK403 codes at a place, "PO1:7", "REF02:5", "*:7", which are not reported at all.
    """

    codes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    only: tuple[tuple[str, tuple[str, ...]], ...] = ()
    optional: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()

    def ignores(self, segment_id: str, element: int, code: str) -> bool:
        """Whether a finding with this code at this place is not to be reported."""
        if not self.ignore:
            return False
        place = f"{segment_id}{element:02d}" if element else segment_id
        return not self.ignore.isdisjoint({f"{place}:{code}", f"{segment_id}:{code}", f"*:{code}"})


NO_OVERLAY = Overlay()

_KEYS = {"codes", "only", "optional", "ignore"}


def overlay_from(values: Mapping[str, Any] | None, *, where: str = "overlay") -> Overlay:
    """An overlay from configuration: {"codes": {"355": ["ZQ"]}, "only": {...}, "optional": [...], "ignore": [...]}.

    Raises ConfigError naming the key that is wrong.
    """
    values = values or {}
    unknown = set(values) - _KEYS
    if unknown:
        raise ConfigError(
            f"{where}: unknown key {sorted(unknown)[0]!r}.", remedy=f"Use one of {', '.join(sorted(_KEYS))}."
        )
    return Overlay(
        codes=_lists(values.get("codes"), f"{where}.codes"),
        only=_lists(values.get("only"), f"{where}.only"),
        optional=frozenset(_strings(values.get("optional") or (), f"{where}.optional")),
        ignore=frozenset(_strings(values.get("ignore") or (), f"{where}.ignore")),
    )


def _lists(value: Any, where: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if value is None:
        return ()
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where} is not a table of element numbers.", remedy='Write it as {"355": ["ZQ"]}.')
    return tuple((str(key), _strings(codes, f"{where}.{key}")) for key, codes in sorted(value.items(), key=str))


def _strings(value: Any, where: str) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence | set | frozenset):
        raise ConfigError(f"{where} is not a list.", remedy="Write it as a list of texts.")
    return tuple(str(item) for item in value)
