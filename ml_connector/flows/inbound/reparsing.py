"""Files that were not read, read again once the layouts of their folder or their partner's file have been mended."""

from collections.abc import Mapping
from typing import Any

from ml_connector.errors import Reason
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.spec import UNREADABLE_FLOW
from ml_connector.flows.inbound.format_detection import candidates, fingerprint
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.exchange import files, related
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S

#: What another layout may mend.
OF_LAYOUTS = (Reason.NO_LAYOUT_FITS, Reason.NOT_X12)


def readable_now(integration: Integration, tx: Tx) -> list[DocumentRow]:
    """Held files whose partner's file is mended, or that were read by other layouts than their folder has now.

    One that was read by the same is not.
    """
    reasons = [reason.value for reason in (*OF_LAYOUTS, Reason.PARTNER_FILE_WRONG)]
    held = related.of_rejected_files(tx, integration.name, UNREADABLE_FLOW, reasons)
    wrong = {problem.file.name for problem in integration.problems}
    rows = {row.id: row for row in files.get_many(tx, [document.file_id for document in held if document.file_id])}
    now: dict[tuple[str, str | None], str] = {}
    found: list[DocumentRow] = []
    for document in held:
        if document.reason == Reason.PARTNER_FILE_WRONG:
            if _data(document).get("partner_file") not in wrong:
                found.append(document)
            continue
        row = rows[document.file_id or 0]
        place = (row.channel, row.partner)
        if place not in now:
            now[place] = fingerprint(candidates(integration, row))
        if now[place] and now[place] != _data(document).get("tried"):
            found.append(document)
    return found


def _data(document: DocumentRow) -> Mapping[str, Any]:
    return document.reason_data


def read_again(integration: Integration, work: RunScope, report: StepReport) -> None:
    """Such files are to be parsed once more, from the bytes that are kept; what was held of them is given up."""
    if work.partitions or work.documents or work.partners:
        return
    with integration.ledger.read() as tx:
        found = readable_now(integration, tx)
    if not found:
        return
    report.counts["would_read_again" if work.dry_run else "read_again"] += len(found)
    if work.dry_run:
        return
    with integration.ledger.write() as tx:
        documents.move(
            tx,
            [Move(row.id, S.DISCARDED, "read again", changes={"reason": "read_again"}) for row in found],
            work,
        )
        files.set_states(tx, {row.file_id: "stored" for row in found if row.file_id is not None})
