"""Lines that are written over where they stand: PUT of a line (exact-online 4.7 and 10.1).

A PUT has no key of ours to be found by, but the same values written twice are the same line: what is looked for is the
line with these values. Exact answers a PUT without content and ignores what it will not write in silence, so the line
is read afterwards.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ml_connector.errors import AuthorizationNeeded, OutcomeUnknown, RefusedBySystem, TryAgain
from ml_connector.flows.core.ports import PlannedOperation, StoredOperation, Written
from ml_connector.systems.exact_online.wire.client import ExactClient, Row, readable
from ml_connector.systems.exact_online.wire.entities import Writable, written
from ml_connector.systems.exact_online.wire.filters import one_of_guids
from ml_connector.systems.exact_online.wire.odata_literals import guid, is_guid, to_json


@dataclass(frozen=True)
class Lines:
    """Lines of one kind. fields: what may be written, and how two values of it are compared. of: whose lines."""

    what: Writable
    fields: Mapping[str, Callable[[Any], Any]]
    of: str

    def holds(self, row: Row, values: Mapping[str, Any]) -> bool:
        """Whether a line has these values."""
        return all(self.fields[name](row.get(name)) == self.fields[name](value) for name, value in values.items())

    def plan(self, company: str, line: str, put: Mapping[str, Any], was: Mapping[str, Any]) -> PlannedOperation:
        """The write of one line. `put` is the body as it will be sent; `was`, of the same fields, what may be there."""
        payload = to_json({"id": line, "put": put, "was": {name: was[name] for name in put}})
        return PlannedOperation(self.what.kind, f"{company}/{self.what.endpoint}", payload, ref=line, shares=True)

    @property
    def select(self) -> str:
        return ",".join(["ID", *self.fields, "LineNumber"])


class LineWriter:
    """Writes lines, and looks whether they were written."""

    def __init__(self, client: ExactClient, lines: Lines) -> None:
        self._client = client
        self._lines = lines
        self.kind = lines.what.kind

    def write(self, operation: StoredOperation) -> Written:
        """PUT the stored values once, and read the line.

        A second attempt looks first: a line that somebody has changed meanwhile is not written over.

        Raises:
            TryAgain, AuthorizationNeeded: it was not sent. OutcomeUnknown: nobody knows, or the line does not show it
            yet. RefusedBySystem: Exact refused it, or the line is another than the one to be changed.
        """
        wish = _wish(operation)
        if operation.attempts > 1:
            found = self._read([wish["id"]]).get(wish["id"])
            if found is not None and self._lines.holds(found, wish["put"]):
                return written(self._lines.what, found, found_in=self._lines.what.endpoint)
            if found is None or not self._lines.holds(found, wish["was"]):
                raise RefusedBySystem(
                    f"{self._client.api.name}: the line of {self._lines.of} was changed in Exact meanwhile; it is"
                    " left as it is.",
                    remedy=f"Look at {self._lines.of}; replay the document to compare it again.",
                    data={"line": wish["id"]},
                )
        self._client.update(self._lines.what.endpoint, wish["id"], to_json(wish["put"]))
        try:
            found = self._read([wish["id"]]).get(wish["id"])
        except (TryAgain, AuthorizationNeeded, RefusedBySystem) as error:
            raise OutcomeUnknown(
                f"{self._client.api.name}: the line of {self._lines.of} was written and could not be read afterwards.",
                remedy="It is looked up again.",
            ) from error
        if found is not None and self._lines.holds(found, wish["put"]):
            return written(self._lines.what, found)
        told = f"{self._client.api.name}: Exact took the change of {self._lines.of}, and the line does not show it."
        if operation.attempts > 1:
            raise RefusedBySystem(
                told, remedy=f"See whether the user may change {self._lines.of}, and it can be changed; then replay."
            )
        raise OutcomeUnknown(told, remedy="It is looked up again.")

    def written(self, operations: Sequence[StoredOperation]) -> dict[int, Written]:
        """Those of these writes whose line shows the values, in batched look-ups."""
        wishes = {operation.id: _wish(operation) for operation in operations}
        rows = self._read([wish["id"] for wish in wishes.values()])
        return {
            operation_id: written(self._lines.what, rows[wish["id"]], found_in=self._lines.what.endpoint)
            for operation_id, wish in wishes.items()
            if wish["id"] in rows and self._lines.holds(rows[wish["id"]], wish["put"])
        }

    def _read(self, ids: Sequence[str]) -> dict[str, Row]:
        wanted = sorted({key for key in ids if is_guid(key)})
        found: dict[str, Row] = {}
        with readable(self._client.api.name, f"a line of {self._lines.of}"):
            for rows in self._client.rows_matching(
                self._lines.what.endpoint, {"$select": self._lines.select}, wanted, one_of_guids("ID")
            ):
                found.update((guid(row.get("ID")), row) for row in rows)
        return found


def _wish(operation: StoredOperation) -> dict[str, Any]:
    wish: dict[str, Any] = json.loads(operation.payload, parse_float=Decimal)
    return {**wish, "id": guid(wish["id"])}
