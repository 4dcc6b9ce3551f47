"""Which fields of the contract each flow needs, and which of them a version lacks (acumatica 2, 9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ml_connector.systems.acumatica.wire.values import Row


@dataclass(frozen=True)
class Need:
    """Fields of one entity, those of lines as `Details/Qty`. what: whose they are, in words."""

    what: str
    entity: str
    fields: Sequence[str]


def lacking(need: Need, schema: Row) -> list[str]:
    """The fields of a need that the empty record of this version does not have."""
    return [path for path in need.fields if not _has(schema, path.split("/"))]


def _has(shape: object, parts: Sequence[str]) -> bool:
    here = shape
    for part in parts:
        if isinstance(here, list):
            here = here[0] if here else {}
        if not isinstance(here, Mapping) or part not in here:
            return False
        here = here[part]
    return True
