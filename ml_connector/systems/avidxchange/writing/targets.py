"""What AvidXchange takes, as flows name it: planned here, whole, before anything leaves."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec

from ml_connector.documents.common import Record
from ml_connector.documents.payables.invoices import NetworkInvoice
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.ports import PlannedOperation
from ml_connector.systems.avidxchange.settings import AvidXchangeConnection, Resource
from ml_connector.systems.avidxchange.wire.client import filled
from ml_connector.systems.avidxchange.writing.bodies import Body, external, renamed

R = TypeVar("R", bound=Record)

_encode = msgspec.json.Encoder(order="sorted", decimal_format="number").encode


@dataclass(frozen=True)
class Target(Generic[R]):
    """One resource. kind: of the operation that makes one; those that change or withdraw it have kinds beside it."""

    settings: AvidXchangeConnection
    resource: Resource
    kind: str
    body: Callable[[R, AvidXchangeConnection], Body]
    withdraws: bool = False
    kinds: frozenset[str] = field(init=False)
    repeatable: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", frozenset({self.kind}))

    def plan(self, record: R, key: str) -> list[PlannedOperation]:
        """A new record, or a change of the one of this id."""
        del key
        known = getattr(record, "id", "")
        body = renamed(self.body(record, self.settings), self.resource.fields)
        path = filled(self.resource.single, id=known) if known else self.resource.path
        write: dict[str, Any] = {
            "method": "PUT" if known else "POST",
            "path": path,
            "external_id": getattr(record, "external_id", ""),
            "id": known,
            "body": body,
        }
        if isinstance(record, NetworkInvoice) and record.image_sha256:
            write["image"] = {"sha256": record.image_sha256, "name": self.resource.fields.get("Image", "Image")}
        kind = f"{self.kind}_change" if known else self.kind
        return [PlannedOperation(kind, self.resource.path, _encode(write).decode(), shares=bool(known) or None)]

    def withdraw(self, record: R, key: str) -> list[PlannedOperation]:
        """Taken back; where that is possible at all, until it is approved (avidxchange 8)."""
        del key
        known = getattr(record, "id", "")
        if not self.withdraws or not known:
            raise NeedsCorrection(
                Reason.REFUSED_BY_SYSTEM,
                f"{self.kind.replace('_', ' ')} {known or '(not there yet)'} cannot be taken back at AvidXchange.",
                remedy="Take it back there by hand, then discard this document.",
            )
        write = {
            "method": "DELETE",
            "path": filled(self.resource.single, id=known),
            "external_id": external(getattr(record, "external_id", ""))["Value"],
            "id": known,
        }
        return [
            PlannedOperation(
                f"{self.kind}_withdrawal", self.resource.path, json.dumps(write, sort_keys=True), shares=True
            )
        ]
