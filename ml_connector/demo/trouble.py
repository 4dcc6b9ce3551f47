"""Kinds of trouble that the demo shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ml_connector.sandbox.server import Sandbox


@dataclass(frozen=True)
class Trouble:
    """One kind of trouble: how a partner is told to make it, and how the ledger must show it.

    expected: reasons or states of which at least one document must have come. integration, flow: where, if it matters.
    says: what the message of such a document says, where its reason alone does not tell it from others. met: whether it
    came, where no document shows it because it passed.
    """

    name: str
    behaviour: Mapping[str, Any]
    expected: str
    shown: str
    integration: str = "exact_cleo"
    flow: str = ""
    says: str = ""
    met: Callable[[Sandbox], bool] | None = None
