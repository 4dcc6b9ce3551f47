"""Inserting a record once, and what becomes of one that is stored otherwise than it was sent (acumatica 5, 8.2, 10)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ml_connector import stopping
from ml_connector.errors import ConnectorError, OutcomeUnknown, RefusedBySystem
from ml_connector.systems.acumatica.wire.client import AcumaticaClient, Query
from ml_connector.systems.acumatica.wire.values import Row, field, identity, text, to_json
from ml_connector.systems.our_keys import key_in
from ml_connector.systems.unreadable import LOOKED_UP

#: What a stored record has otherwise than it was sent, in words.
Compare = Callable[[Row], list[str]]


@dataclass(frozen=True)
class Insertable:
    """A kind of record. mark: the field that holds our key. told, mend: of one that differs."""

    entity: str
    mark: str
    told: str
    remedy: str


@dataclass(frozen=True)
class Inserted:
    """A record that stands. warning: what a person has to see to."""

    row: Row
    warning: str = ""


class Inserter:
    """Inserts records of one kind. headers: of every write, as the branch of the call."""

    def __init__(
        self, client: AcumaticaClient, what: Insertable, reply: Query, headers: Callable[[], Mapping[str, str]]
    ) -> None:
        self._client = client
        self._what = what
        self._reply = reply
        self._headers = headers

    def insert(self, put: Mapping[str, Any], compare: Compare) -> Inserted:
        """Insert a record, or update one that `put` names by its id.

        A new one that differs is taken away again, so that nothing is written; where that cannot be done it stands on
        hold, and is told. Only what carries our key is ever touched again.

        Raises:
            RefusedBySystem: nothing was written. OutcomeUnknown, TryAgain: as ever.
        """
        row = self._client.put(self._what.entity, to_json(put), self._reply, headers=self._headers())
        with stopping.finishing():  # whoever is asked to end now would leave a record that differs
            row = self._ours(put, row)
            wrong = compare(row)
            if not wrong:
                return Inserted(row)
            told = self.told(wrong)
            if "id" not in put:
                try:
                    self._client.delete(self._what.entity, identity(row))
                except ConnectorError as error:
                    return self._on_hold(row, f"{told} It could not be taken away: {error.message}")
        raise RefusedBySystem(told, remedy=self._what.remedy, data={"differences": wrong[:20]})

    def told(self, wrong: list[str]) -> str:
        """What differs, in a sentence."""
        return f"{self._client.connection}: Acumatica keeps {self._what.told}: {'; '.join(wrong[:5])}."

    def recovered(self, row: Row, compare: Compare) -> Inserted:
        """A record that was found by our key: as a whole, and whether it is what was sent."""
        whole = self._client.record(self._what.entity, identity(row), self._reply)
        wrong = compare(whole) if whole is not None else []
        return Inserted(row if whole is None else whole, self.told(wrong) if wrong else "")

    def _ours(self, put: Mapping[str, Any], row: Row) -> Row:
        """The record that was written; read by itself where the reply does not show our key.

        Raises:
            OutcomeUnknown: nobody knows which it is.
        """
        key = key_in(str(field(put, self._what.mark) or ""))
        called = f"{self._client.connection}: PUT {self._what.entity} was answered"
        try:
            record_id = identity(row)
            if key_in(text(row, self._what.mark)) == key:
                return row
            found = self._client.record(self._what.entity, record_id, self._reply)
        except ConnectorError as error:
            raise OutcomeUnknown(f"{called} without a readable record.", remedy=LOOKED_UP) from error
        if found is None or key_in(text(found, self._what.mark)) != key:
            raise OutcomeUnknown(f"{called} with a record that does not carry our key.", remedy=LOOKED_UP)
        return found

    def _on_hold(self, row: Row, warning: str) -> Inserted:
        hold = to_json({"id": identity(row), "Hold": {"value": True}})
        try:
            self._client.put(self._what.entity, hold, Query(select=("Status",)))
        except ConnectorError as error:
            warning = f"{warning} It could not be put on hold either: {error.message}"
        return Inserted(row, warning)
