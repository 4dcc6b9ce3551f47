"""Bookings that others made in the ERP: webhooks name them, they are read and kept, to find what was keyed by hand."""

from collections.abc import Sequence

from ml_connector.flows.core.integration import BOOKINGS_READER, Integration, RunScope, StepReport
from ml_connector.flows.core.ports import BILLS, Existing, Identity, target_of
from ml_connector.ledger.exchange import bookings, inbox
from ml_connector.ledger.exchange.bookings import Booking

#: Notices taken together.
TOGETHER = 200


def note_bookings(integration: Integration, work: RunScope, report: StepReport) -> None:
    """Read what webhooks named since the last time; our own bookings are not news."""
    erp = integration.erp
    # Where nothing is billed the step has nothing to do.
    entries = target_of(erp, BILLS).entries if BILLS.name in erp.targets else None
    if entries is None:
        return
    while not work.stopped() and not work.dry_run:
        with integration.ledger.read() as tx:
            notices = inbox.waiting(
                tx, erp.connection, erp.company, entries.notices.topic, reader=BOOKINGS_READER, limit=TOGETHER
            )
        if not notices:
            return
        keys = list(dict.fromkeys(notice.key.lower() for notice in notices))
        found = entries.by_id(keys)
        others = [_booking(one) for one in found if not one.our_key and one.identity.number.strip()]
        with integration.ledger.write() as tx:
            # What is not there any more, or is ours, is forgotten: an entry that was voided is no duplicate.
            bookings.forget(tx, erp.connection, erp.company, keys)
            bookings.note(tx, erp.connection, erp.company, others)
            ids = [notice.id for notice in notices]
            inbox.mark_taken(tx, ids, BOOKINGS_READER, integration.entry_readers, work.actor)
        report.counts["bookings_noted"] += len(others)


def _booking(one: Existing) -> Booking:
    identity = one.identity
    return Booking(one.outside_id, identity.party_id, identity.number, one.number, one.amount, one.source)


def noted(integration: Integration, wanted: Sequence[Identity]) -> dict[Identity, Existing]:
    """Those of these bills that webhooks told of."""
    with integration.ledger.read() as tx:
        numbers = [one.number for one in wanted]
        known = bookings.find(tx, integration.erp.connection, integration.erp.company, numbers)
    found: dict[Identity, Existing] = {}
    for identity in wanted:
        one = known.get((identity.party_id.lower(), bookings.folded(identity.number)))
        if one is not None:
            found[identity] = Existing(identity, one.outside_id, "", one.entry_number, one.amount, one.source)
    return found
