"""How a journal entry becomes the exact call (intacct 7, GLBATCH)."""

from ml_connector.documents.payables.settlements import EntryLine, JournalEntry
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.ports import Identity, PlannedOperation
from ml_connector.systems.our_keys import with_key
from ml_connector.systems.sage_intacct.posting import functions
from ml_connector.systems.sage_intacct.posting.kinds import Kinds
from ml_connector.systems.sage_intacct.posting.places import Places
from ml_connector.systems.sage_intacct.posting.writing import planned
from ml_connector.systems.sage_intacct.reading.records import CLASS, DEPARTMENT, LOCATION, PROJECT
from ml_connector.systems.sage_intacct.settings import IntacctConnection
from ml_connector.systems.sage_intacct.wire.values import money, slashed
from ml_connector.systems.sage_intacct.wire.xml import Value, told_of

#: Characters of a title (assumed: the sheet does not say; what is longer is cut before our key).
TITLE_LENGTH = 80
_DEBIT, _CREDIT = "1", "-1"


class JournalPlanner:
    """Journal entry -> the exact call."""

    def __init__(self, settings: IntacctConnection, kinds: Kinds, places: Places) -> None:
        self._settings = settings
        self._kinds = kinds
        self._places = places

    def plan(self, entry: JournalEntry, key: str) -> list[PlannedOperation]:
        """The write that enters it.

        Raises:
            NeedsCorrection: the books are in another currency, or a line needs a location.
        """
        settings = self._settings
        if entry.currency and entry.currency != settings.base_currency:
            raise NeedsCorrection(
                Reason.CURRENCY_MISMATCH,
                f"Journal entry {entry.reference} is in {entry.currency}, the books are in {settings.base_currency}.",
                remedy="Enter it by hand at its rate, then discard this.",
                data={"currency": entry.currency},
            )
        lines = [self._line(entry, at, line) for at, line in enumerate(entry.lines, 1)]
        self._places.check((str(line["LOCATION"] or "") for line in lines), f"Journal entry {entry.reference}")
        title = with_key(entry.description or entry.reference, key, TITLE_LENGTH)
        values: dict[str, Value] = {
            "JOURNAL": entry.journal,
            "BATCH_DATE": slashed(entry.entry_date),
            "BATCH_TITLE": title,
            "REFERENCENO": entry.reference,
            "STATE": settings.journal_state,
        }
        identity = Identity(entry.journal, entry.reference)
        texts = told_of({"reference": entry.reference, "title": title})
        element = functions.journal_entry(values, lines)
        return [planned(self._kinds.journal_entry, settings, key, identity, element, texts)]

    def _line(self, entry: JournalEntry, at: int, line: EntryLine) -> dict[str, Value]:
        """An amount has no sign here: its type says the side (intacct 7)."""
        own, place = line.dimensions, f"Line {at} of journal entry {entry.reference}"
        return {
            "ACCOUNTNO": line.account,
            "TR_TYPE": _DEBIT if line.amount > 0 else _CREDIT,
            "TRX_AMOUNT": money(abs(line.amount)),
            "LOCATION": self._places.location_of(own.get(LOCATION, ""), place),
            "DEPARTMENT": own.get(DEPARTMENT, "") or self._settings.department,
            "PROJECTID": own.get(PROJECT, ""),
            "CLASSID": own.get(CLASS, ""),
            "VENDORID": line.party_id,
            "DOCUMENT": entry.reference,
            "DESCRIPTION": line.description,
        }
