"""Delivery addresses that orders name: rows of crm/Addresses by id, where the user may read them."""

import logging
from datetime import datetime, timedelta

from ml_connector.clock import Clock
from ml_connector.errors import AuthorizationNeeded
from ml_connector.systems.exact_online.reading import records
from ml_connector.systems.exact_online.wire.client import ExactClient, Row
from ml_connector.systems.exact_online.wire.division import Notes
from ml_connector.systems.exact_online.wire.error_mapping import FORBIDDEN
from ml_connector.systems.exact_online.wire.filters import one_of_guids
from ml_connector.systems.exact_online.wire.odata_literals import guid

log = logging.getLogger(__name__)

ENDPOINT = "crm/Addresses"
#: Who was refused is not asked again for so long: Exact counts refusals by the hour, whoever asks (exact-online 5).
REFUSED_FOR = timedelta(hours=2)


class Addresses:
    """Addresses of one division. notes: outlive the process, for each run is one of its own."""

    def __init__(self, client: ExactClient, clock: Clock, notes: Notes) -> None:
        self._client = client
        self._clock = clock
        self._notes = notes
        self._never = "addresses" in client.settings.without
        self._name = f"{client.settings.connection}/addresses_refused"

    def rows(self, wanted: set[str]) -> dict[str, Row]:
        """By id. Who may not read them (403) reads orders all the same: those that go to one are held by that."""
        found: dict[str, Row] = {}
        if not wanted or self._never or self._was_refused():
            return found
        query = {"$select": records.ADDRESS_FIELDS}
        try:
            for rows in self._client.rows_matching(ENDPOINT, query, sorted(wanted), one_of_guids("ID")):
                found.update((guid(row.get("ID")), row) for row in rows)
        except AuthorizationNeeded as error:
            self._note(error)
            log.warning("%s: delivery addresses of orders may not be read", self._client.settings.connection)
        return found

    def try_reading(self) -> None:
        """One call that brings hardly anything. Where they may be read now, they are from here on.

        Raises:
            AuthorizationNeeded: they may not be read.
        """
        if self._never:
            return
        try:
            self._client.page(ENDPOINT, {"$select": "ID", "$top": "1"})
        except AuthorizationNeeded as error:
            self._note(error)
            raise
        self._notes.put(self._name, "")

    def _note(self, error: AuthorizationNeeded) -> None:
        """Raises what is no matter of addresses alone."""
        if error.data.get("status") != 403 or error.data.get("reason") in FORBIDDEN:
            raise error
        self._notes.put(self._name, self._clock.now().isoformat())

    def _was_refused(self) -> bool:
        kept = self._notes.get(self._name)
        return bool(kept) and timedelta(0) <= self._clock.now() - datetime.fromisoformat(kept or "") < REFUSED_FOR
