"""X12 for procurement: reading, checking, writing and acknowledging; knows nothing of systems, ledger or Dagster.

    from ml_connector.edi import ReceivedSet, read_interchanges

    for item in read_interchanges(open("order.edi", "rb")):
        if isinstance(item, ReceivedSet):
            print(item.set_type, item.accepted, item.document)

What others call:

    edi.interchange          read_interchanges(source, options) and the items it yields, in order
    edi.writing.write        write_interchange(envelope, controls, documents, at) -> WrittenInterchange
    edi.acknowledge          acknowledgments of received groups, and verdicts(...): reading one that came
    edi.validation.overlay   Overlay, overlay_from(mapping): what a partner does otherwise
    edi.validation.findings  Finding, Severity, X12Level
    edi.framing.separators   Separators
    edi.tools.summary        summary(document): a document in business terms; edi.tools.report: a whole file
    edi.tools.diff           what differs between two files in business terms
    edi.tools.anonymize      a file that can be shown to others

The names below are there without naming their module; they are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ml_connector.edi.acknowledge import verdicts
    from ml_connector.edi.framing.separators import Separators
    from ml_connector.edi.interchange import (
        GroupEnd,
        GroupStart,
        InterchangeEnd,
        InterchangeStart,
        ReadOptions,
        ReceivedSet,
        StrayText,
        read_interchanges,
    )
    from ml_connector.edi.validation.findings import Severity, X12Finding, X12Level
    from ml_connector.edi.validation.overlay import Overlay, overlay_from
    from ml_connector.edi.writing.write import ControlNumbers, Envelope, WrittenInterchange, write_interchange

_HOMES = {
    "acknowledge": ("verdicts",),
    "validation.findings": ("X12Finding", "X12Level", "Severity"),
    "interchange": (
        "GroupEnd", "GroupStart", "InterchangeEnd", "InterchangeStart", "ReadOptions", "ReceivedSet", "StrayText",
        "read_interchanges",
    ),
    "validation.overlay": ("Overlay", "overlay_from"),
    "framing.separators": ("Separators",),
    "writing.write": ("ControlNumbers", "Envelope", "WrittenInterchange", "write_interchange"),
}  # fmt: skip
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "ControlNumbers",
    "Envelope",
    "GroupEnd",
    "GroupStart",
    "InterchangeEnd",
    "InterchangeStart",
    "Overlay",
    "ReadOptions",
    "ReceivedSet",
    "Separators",
    "Severity",
    "StrayText",
    "WrittenInterchange",
    "X12Finding",
    "X12Level",
    "overlay_from",
    "read_interchanges",
    "verdicts",
    "write_interchange",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """The public names, from where they live."""
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{module}"), name)
