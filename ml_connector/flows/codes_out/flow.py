"""Codes out: looked at when tables change, found there, sent once."""

from collections.abc import Mapping, Sequence

from ml_connector.documents.common import DocumentKind, changed
from ml_connector.documents.payables.vendors import NetworkCode
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.codes_out.content import codes, table_groups
from ml_connector.flows.codes_out.settings import CodesOut
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.ports import NETWORK_CODES, TO_NETWORK_CODES, record_source, tells
from ml_connector.flows.outbound.records import SentRecords
from ml_connector.flows.payables.network_tables import NETWORK_CODES_TABLE, network_rows
from ml_connector.flows.reference.lookup import ReferenceBook
from ml_connector.flows.tables_out.steps import TableSteps
from ml_connector.flows.tables_out.telling import Said, TableTelling
from ml_connector.ledger.work.documents import DocumentRow

FLOW = "codes_out"


class _Codes(TableTelling[NetworkCode]):
    flow = FLOW
    kind = DocumentKind.CODE
    target = TO_NETWORK_CODES
    model = NetworkCode
    what = "codes"

    def tables(self, integration: Integration) -> Sequence[str]:
        return [one for one in table_groups(_rules(integration)) if one in integration.erp.tables]

    def said(self, integration: Integration) -> Sequence[Said[NetworkCode]]:
        book = ReferenceBook.of(integration)
        return list(codes(book, _rules(integration), integration.clock.now().date()))

    def ended(self, record: NetworkCode) -> NetworkCode:
        """A code that was deleted in the ERP goes inactive: what is coded with it stays."""
        return changed(record, active=False, id="")

    def there(
        self, integration: Integration, rows: Sequence[tuple[DocumentRow, NetworkCode]]
    ) -> Mapping[int, str | NeedsCorrection]:
        """By our id, else by group and code: somebody may have entered it there. Not known where it cannot be asked."""
        if not tells(integration.network, NETWORK_CODES):
            return {}
        source = record_source(integration.network, NETWORK_CODES)
        ours = {
            one.document.external_id: one.document.id
            for one in source.by_external_id([record.external_id for _, record in rows])
        }
        found: dict[int, str | NeedsCorrection] = {}
        for row, record in rows:
            if record.external_id in ours:
                found[row.id] = ours[record.external_id]
        left = [(row, record) for row, record in rows if row.id not in found]
        if left:
            by_code: dict[tuple[str, str], list[NetworkCode]] = {}
            for one in network_rows(integration, NETWORK_CODES, NETWORK_CODES_TABLE, NetworkCode):
                by_code.setdefault((one.group.casefold(), one.value.casefold()), []).append(one)
            for row, record in left:
                found[row.id] = _only(record, by_code.get((record.group.casefold(), record.value.casefold()), []))
        return found


def _only(record: NetworkCode, there: Sequence[NetworkCode]) -> str | NeedsCorrection:
    if len(there) > 1:
        return NeedsCorrection(
            Reason.BAD_VALUE,
            f"The network has code {record.value} of {record.group} {len(there)} times.",
            remedy="Have all but one of them taken away there, then replay this.",
            data={"group": record.group, "code": record.value, "there": [one.id for one in there]},
        )
    return there[0].id if there else ""


def _rules(integration: Integration) -> CodesOut:
    return integration.settings.flows.of(CodesOut)


STEPS = TableSteps(_Codes())
SENT = SentRecords(FLOW, TO_NETWORK_CODES, NetworkCode, harmless_twice=True)

read, resolve, send, news = STEPS.read, STEPS.resolve, SENT.send, STEPS.news
