"""What stands wrong now: overdue answers, held documents, silent partners; and the alerts that say so.

One message a cause and batch, closed when it recovers (DESIGN section 9, point 8).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ml_connector.config.partners import Partner
from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.errors import AuthorizationNeeded, Reason, TryAgain, reason_detail
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.inbound.file_disposal import not_taken_away
from ml_connector.flows.inbound.polling import channels_of, unusable_folders
from ml_connector.flows.inbound.x12_documents import answer_owed
from ml_connector.flows.meaning import deadlines
from ml_connector.ledger.coordination import alerts
from ml_connector.ledger.database import store
from ml_connector.ledger.database.store import Ledger, Tx
from ml_connector.ledger.exchange import related, remote_listing
from ml_connector.ledger.names import naming
from ml_connector.ledger.search import owed, queries
from ml_connector.ledger.search.document_summary import DocumentSummary
from ml_connector.ledger.work import copies, documents
from ml_connector.ledger.work.documents import Move
from ml_connector.ledger.work.states import DocumentState as S


@dataclass(frozen=True)
class Standing:
    """One cause that stands now. cause: stable key. title, lines: what a person reads."""

    cause: str
    title: str
    count: int
    lines: Sequence[str]


def mark_overdue(integration: Integration, work: RunScope) -> StepReport:
    """Sent documents whose answer is due turn overdue; they are never sent again by themselves (edi-operations 9)."""
    report = StepReport("overdue")
    now = integration.clock.now()
    while True:
        with integration.ledger.write() as tx:
            rows = related.documents_due(tx, integration.name, S.SENT, now)
            if not rows or work.dry_run:
                report.counts["would_be_overdue"] += len(rows)
                return report
            moves = []
            for row in rows:
                report.add_document("overdue", row)
                detail = reason_detail(
                    f"{row.partner} has not answered {row.number} in time.",
                    "Ask the partner whether it arrived; it is not sent again by itself.",
                    {"due": row.due_at.isoformat() if row.due_at else ""},
                )
                changes = {"reason": "overdue", "reason_detail": detail, "due_at": None}
                moves.append(Move(row.id, S.OVERDUE, "overdue", detail["data"], changes=changes))
            documents.move(tx, moves, work)


def settle_deadlines(integration: Integration, work: RunScope) -> StepReport:
    """Deadlines of what is given up, or that a partner's file does not have any more, are none."""
    report = StepReport("deadlines")
    with integration.ledger.write() as tx:
        moves = []
        for row in owed.past(tx, integration.name, integration.clock.now()):
            partner = integration.partner_of(row)
            if row.direction is Direction.IN:
                wanted = answer_owed(integration, partner.name if partner else "", row.kind, row.created_at)
            else:
                wanted = deadlines.due(partner, row.kind, row.created_at) if partner else None
            if row.state in owed.GIVEN_UP or wanted is None:
                report.counts["ended"] += 1
                moves.append(Move(row.id, None, "", changes={"due_at": None}, release=False))
        if not work.dry_run:
            documents.move(tx, moves, work)
    return report


def standing_causes(integration: Integration) -> list[Standing]:
    """Everything that stands wrong in an integration, grouped by cause."""
    with integration.ledger.read() as tx:
        held = queries.standing(tx, integration.name)
    causes = [
        Standing(
            cause=f"{integration.name}/{row.flow}/{row.state}/{row.reason}",
            title=f"{row.count} {row.flow} {row.state}: {_plain(row.reason)}",
            count=row.count,
            lines=[f"{d['partner']} {d['number']}: {d['message']}" for d in row.samples[:10]],
        )
        for row in held
        if row.reason != Reason.ANSWER_AWAITED
    ]
    of_folders = (_unusable_folders, _unreadable, _unfinished, _kept, _unread_files)
    for more in (_written_twice, _stopped_partners, _owed, _late_answers, _silent_partners, *of_folders):
        causes += more(integration)
    return _with_company(integration, causes)


def _with_company(integration: Integration, causes: Sequence[Standing]) -> list[Standing]:
    """Each names whose it is, where the ledger has several companies."""
    with integration.ledger.read() as tx:
        told = naming.companies(tx)
    if not told or not causes:
        return list(causes)
    try:
        books = integration.books
    except (AuthorizationNeeded, TryAgain):
        return list(causes)  # told with its connection; whose it is, only the ERP knows now
    line = f"company: {told.get(books, books.company)}"
    return [replace(one, lines=[*one.lines, line]) for one in causes]


def _written_twice(integration: Integration) -> list[Standing]:
    """Writes that stand twice at the other side, with both identities: a person takes one of each away."""
    with integration.ledger.read() as tx:
        found = copies.doubled(tx, integration.name)
    if not found:
        return []
    return [
        Standing(
            cause=f"{integration.name}/written_twice",
            title=f"{len(found)} written twice: take one of each away (docs/uncertain.md)",
            count=len(found),
            lines=[
                f"{one.partner} {one.number}: {one.kind} at {one.connection}: {_records(one)}" for one in found[:10]
            ],
        )
    ]


def _records(one: copies.Doubled) -> str:
    """Identities, and the numbers by which a person finds the entries."""
    shown = []
    for record in one.copies:
        number = record.get("entry_number") or record.get("receipt_number")
        shown.append(f"{record['id']} (entry {number})" if number else str(record["id"]))
    return ", ".join(shown)


def _plain(reason: str) -> str:
    return reason.replace("_", " ")


def _stopped_partners(integration: Integration) -> list[Standing]:
    """Partners whose file is wrong: what comes from them or is meant for them is held."""
    return [
        Standing(
            cause=f"{integration.name}/partner_file/{problem.file.name}",
            title=f"Partner {problem.name or 'files'} stopped: {problem.file.name} cannot be used",
            count=1,
            lines=[*problem.message.splitlines()[:10], f"To fix: {problem.remedy}"],
        )
        for problem in {problem.file: problem for problem in integration.problems}.values()
    ]


def _owed(integration: Integration) -> list[Standing]:
    """What a partner wants to have from us soon, and what it wanted to have already."""
    now = integration.clock.now()
    windows = {one.name: timedelta(hours=one.deadlines.warn_hours) for one in integration.partners.values()}
    if not any(one.deadlines.named for one in integration.partners.values()):
        return []
    with integration.ledger.read() as tx:
        found = owed.owed(tx, now + max(windows.values()), integration.name)
        before = owed.missed(tx, integration.name)
    by_cause: dict[tuple[str, str, DocumentKind], list[DocumentSummary]] = {}
    for row in found:
        if row.due_at is not None and row.due_at <= now + windows.get(row.partner, timedelta(0)):
            word = "missed" if row.due_at <= now else "due"
            by_cause.setdefault((word, row.partner, owed.owed_kind(row.kind)), []).append(row)
    causes: list[Standing] = []
    for (word, partner, kind), rows in by_cause.items():
        called = _plain(str(kind))
        title = f"{len(rows)} {called} past the deadline of {partner}"
        if word == "due":
            title = f"{len(rows)} {called} due to {partner} within {windows[partner] / timedelta(hours=1):g} hours"
        lines = [f"{row.number}: due {row.due_at:%Y-%m-%d %H:%M} UTC, {_is_now(row)}" for row in rows[:10]]
        lines += [
            f"missed in {one.month}: {one.number}"
            for one in before
            if (one.kind, one.partner, one.month) == (str(kind), partner, f"{now:%Y-%m}")
        ]
        causes.append(Standing(f"{integration.name}/{word}/{partner}/{kind}", title, len(rows), lines))
    return causes


def _is_now(row: DocumentSummary) -> str:
    """Where a document is, and what holds it."""
    held = f"order {row.state}" if row.direction is Direction.IN else str(row.state)
    return f"{held}: {_plain(row.reason)}" if row.reason else held


def _late_answers(integration: Integration) -> list[Standing]:
    """Documents that are not overdue yet, and whose 997 has not come for longer than usual (edi-operations 9)."""
    now = integration.clock.now()
    causes: list[Standing] = []
    for partner in integration.partners.values():
        rules = partner.acknowledgments
        left = timedelta(hours=max(0.0, rules.overdue_after_hours - rules.warn_after_hours))
        with integration.ledger.read() as tx:
            late = related.documents_due(tx, integration.name, S.SENT, now + left, partner=partner.name)
        if late:
            lines = [f"{row.number}: overdue at {row.due_at:%Y-%m-%d %H:%M} UTC" for row in late[:10]]
            causes.append(
                Standing(
                    cause=f"{integration.name}/late/{partner.name}",
                    title=f"{len(late)} without a 997 from {partner.name} for {rules.warn_after_hours:g} hours",
                    count=len(late),
                    lines=[*lines, *([partner.contact] if partner.contact else [])],
                )
            )
    return causes


def silent(tx: Tx, integration: str, partners: Iterable[Partner]) -> list[tuple[Partner, datetime]]:
    """Partners of whom nothing came for longer than their files allow (`silent_after_hours`); when the last came."""
    watched = [(partner, partner.silent_after_hours) for partner in partners if partner.silent_after_hours is not None]
    last = [(partner, hours, related.last_received(tx, integration, partner.name)) for partner, hours in watched]
    at = store.now(tx)
    return [(partner, came) for partner, hours, came in last if came is not None and at - came > timedelta(hours=hours)]


def _silent_partners(integration: Integration) -> list[Standing]:
    with integration.ledger.read() as tx:
        found = silent(tx, integration.name, integration.partners.values())
    return [
        Standing(
            cause=f"{integration.name}/silent/{partner.name}",
            title=f"Nothing from {partner.name} since {last:%Y-%m-%d %H:%M} UTC",
            count=1,
            lines=[partner.contact] if partner.contact else [],
        )
        for partner, last in found
    ]


def _unusable_folders(integration: Integration) -> list[Standing]:
    """Folders of partners that are misspelt or closed to us: nothing of what lies there is read."""
    return [
        Standing(f"{integration.name}/folder/{name}", f"Folder {name} cannot be used", 1, [told])
        for name, told in unusable_folders(integration).items()
    ]


def _unreadable(integration: Integration) -> list[Standing]:
    """Files that a network lists and does not give, before they are held too."""
    channels = [channel.name for channel in channels_of(integration)]
    with integration.ledger.read() as tx:
        found = remote_listing.unreadable(tx, integration.network.connection, channels)
    if not found:
        return []
    lines = [f"{one.channel} {one.name[:80]}: {one.note[:200]}" for one in found[:10]]
    return [Standing(f"{integration.name}/unreadable_files", f"{len(found)} file(s) cannot be read", len(found), lines)]


def _unfinished(integration: Integration) -> list[Standing]:
    """Files that stay under a temporary name: whoever writes them was cut off, or never renames; nothing reads them."""
    hours = integration.folders.temporary_alarm_hours
    since = integration.clock.now() - timedelta(hours=hours)
    channels = [channel.name for channel in channels_of(integration)]
    with integration.ledger.read() as tx:
        connection = integration.network.connection
        found = remote_listing.temporary(tx, connection, channels, same_since=since, listed_since=since)
    if not found:
        return []
    title = f"{len(found)} file(s) under a temporary name for more than {hours:g} hours, not read"
    lines = [f"{one.channel} {one.name[:80]}: since {one.since:%Y-%m-%d %H:%M} UTC" for one in found[:10]]
    return [Standing(f"{integration.name}/temporary_files", title, len(found), lines)]


def _kept(integration: Integration) -> list[Standing]:
    """Read files that a network does not give up: every look lists them again."""
    return [
        Standing(
            f"{integration.name}/not_taken_away/{channel}",
            f"{count} read file(s) in {channel} may not be taken away",
            count,
            [said],
        )
        for channel, (count, said) in not_taken_away(integration).items()
    ]


def _unread_files(integration: Integration) -> list[Standing]:
    """Files that nobody has read for long at a network that deletes them by age (truecommerce 4, rule 1)."""
    rules = integration.folders
    if rules.unread_alarm_hours is None:
        return []
    now = integration.clock.now()
    channels = [channel.name for channel in channels_of(integration)]
    with integration.ledger.read() as tx:
        waiting = remote_listing.unread(
            tx, integration.network.connection, channels, listed_since=now - timedelta(hours=rules.unread_alarm_hours)
        )
    old = [one for one in waiting if now - one.since >= timedelta(hours=rules.unread_alarm_hours)]
    if not old:
        return []
    gone = f"; they are deleted after {rules.purge_days:g} days" if rules.purge_days is not None else ""
    return [
        Standing(
            cause=f"{integration.name}/unread_files",
            title=f"{len(old)} file(s) unread for more than {rules.unread_alarm_hours:g} hours{gone}",
            count=len(old),
            lines=[f"{one.channel} {one.name[:80]}: since {one.since:%Y-%m-%d %H:%M} UTC" for one in old[:10]],
        )
    ]


@dataclass(frozen=True)
class AlertNews:
    """What to tell people now: causes that opened or grew, causes that recovered."""

    opened: Sequence[Standing]
    closed: Sequence[str]

    def text(self) -> str:
        parts = [f"{s.title}\n" + "\n".join(f"  {line}" for line in s.lines) for s in self.opened]
        parts += [f"Recovered: {title}" for title in self.closed]
        return "\n\n".join(parts)


def collect(ledger: Ledger, causes: Sequence[Standing], repeat_hours: float, *, prefix: str) -> AlertNews:
    """Compare what stands with the open alerts whose cause begins so, and say what is news.

    `alerts.mark_sent` after it was delivered: what was not stays news.
    """
    now = ledger.clock.now()
    with ledger.write() as tx:
        known = {a.cause: a for a in alerts.open_alerts(tx, prefix)}
        opened: list[Standing] = []
        for standing in causes:
            alert = known.get(standing.cause)
            alerts.open_or_update(
                tx, standing.cause, standing.count, {"title": standing.title, "lines": list(standing.lines)}
            )
            last = alert.last_sent_at if alert is not None else None
            if last is None or now - last >= timedelta(hours=repeat_hours):
                opened.append(standing)
        present = {standing.cause for standing in causes}
        for cause in known:
            if cause not in present:
                alerts.close(tx, cause)
        closing = [str(a.detail.get("title", a.cause)) for a in alerts.to_close(tx) if a.cause.startswith(prefix)]
    return AlertNews(opened, closing)
