"""Resolved documents become files, X12 or of the partner's layout: numbers reserved, bytes written, the upload planned.
Nothing is sent here.

An order or invoice gets a file of its own; 997s for one partner share an interchange. Control numbers are reserved and
the bytes kept in one transaction, so that a number is never given to two contents (edi-operations 5).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ml_connector.config.partners import Partner, X12Identity
from ml_connector.documents.common import DocumentKind
from ml_connector.documents.json import load
from ml_connector.edi.writing.write import ControlNumbers, Envelope, write_interchange
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.batches import batches
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.quarantine import first_step, hold_moves, resume_moves
from ml_connector.flows.core.sent_formats import ANSWERS, group_of, layout_of, set_name
from ml_connector.flows.core.spec import ANSWERS_FLOW
from ml_connector.flows.core.strangers import stranger
from ml_connector.flows.restored import held as restored
from ml_connector.layouts import Layout, WriteContext, write_documents
from ml_connector.ledger.coordination import sequences
from ml_connector.ledger.exchange import envelopes, files
from ml_connector.ledger.exchange.envelopes import NewGroup, NewInterchange
from ml_connector.ledger.exchange.files import NewFile, Tx
from ml_connector.ledger.work import documents, operations
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.operation_rows import NewOperation
from ml_connector.ledger.work.states import DocumentState as S

#: 997s of one partner that share an interchange.
ANSWERS_TOGETHER = 200


@dataclass(frozen=True)
class Parcel:
    """Documents that leave in one file; the first one carries the upload."""

    partner: Partner
    rows: Sequence[DocumentRow]

    @property
    def lead(self) -> DocumentRow:
        return self.rows[0]


@dataclass(frozen=True)
class Packed:
    """The bytes of a file that leaves.

    number: of its name. numbers: in it, by sequence. controls, set_controls: of X12 alone.
    """

    data: bytes
    extension: str
    number: int
    numbers: Mapping[str, int]
    controls: ControlNumbers | None = None
    replaced: tuple[dict[str, str], ...] = ()
    set_controls: Sequence[str] = ()


def render(integration: Integration, work: RunScope, flow: str) -> StepReport:
    """Render every resolved document of a flow."""
    report = StepReport(f"render {flow}")
    states = (S.RESOLVED, S.QUARANTINED) if flow == ANSWERS_FLOW else (S.RESOLVED,)
    for claimed in batches(integration, work, flow, states):
        rows = _certain(integration, work, claimed, report)
        for parcel in parcels(integration, rows):
            if work.dry_run:
                for row in parcel.rows:
                    report.add_document("would_send", row)
                continue
            _render_parcel(integration, work, parcel, report)
        _hold_strangers(integration, work, rows, report)
    return report


def _certain(
    integration: Integration, work: RunScope, rows: Sequence[DocumentRow], report: StepReport
) -> list[DocumentRow]:
    """Those that cannot have left before a restore; the others are held."""
    partners = {one.name: one for one in map(integration.partner_of, rows) if one is not None}
    names = [name for partner in partners.values() if partner.identities for name in _sequences(integration, partner)]
    return restored.hold_doubtful(integration, work, rows, report, names)


def _sequences(integration: Integration, partner: Partner) -> tuple[str, str]:
    """The names of a partner's sequences: ISA13 and GS06."""
    pair = f"{integration.settings.identity.key}>{_identity_of(integration, partner).key}"
    return f"ISA13:{pair}", f"GS06:{pair}"


def parcels(integration: Integration, rows: Sequence[DocumentRow]) -> list[Parcel]:
    """What goes together: each document alone, 997s by partner, TA1s by partner (in no group: edi-operations 8)."""
    found: list[Parcel] = []
    answers: dict[tuple[str, DocumentKind], list[DocumentRow]] = {}
    for row in rows:
        partner = integration.partner_of(row)
        if partner is None:
            continue
        if row.kind in ANSWERS:
            answers.setdefault((partner.name, row.kind), []).append(row)
        else:
            found.append(Parcel(partner, [row]))
    for (name, _), together in answers.items():
        for start in range(0, len(together), ANSWERS_TOGETHER):
            found.append(Parcel(integration.partners[name], together[start : start + ANSWERS_TOGETHER]))
    return found


def _hold_strangers(integration: Integration, work: RunScope, rows: Sequence[DocumentRow], report: StepReport) -> None:
    moves: list[Move] = []
    for row in rows:
        if integration.partner_of(row) is None:
            held = stranger(integration, row.partner)
            moves += hold_moves(integration, row, held, report, step=first_step(row.kind, row.direction))
    if moves and not work.dry_run:
        with integration.ledger.write() as tx:
            documents.move(tx, moves, work)


def _render_parcel(integration: Integration, work: RunScope, parcel: Parcel, report: StepReport) -> None:
    now = integration.clock.now()
    try:
        with integration.ledger.write() as tx:
            layout = layout_of(integration, parcel.partner, parcel.lead)
            packed = _as_x12(integration, tx, parcel, now) if layout is None else _as_flat(tx, parcel, layout, now)
            _keep(integration, tx, work, parcel, packed, now)
    except NeedsCorrection as held:
        moves = [
            move
            for row in parcel.rows
            for move in hold_moves(integration, row, held, report, step=first_step(row.kind, row.direction))
        ]
        with integration.ledger.write() as tx:
            documents.move(tx, moves, work)
        return
    for row in parcel.rows:
        report.add_document("rendered", row)


def _as_x12(integration: Integration, tx: Tx, parcel: Parcel, now: datetime) -> Packed:
    """An interchange, with control numbers of its own."""
    controls = _reserve(integration, tx, parcel)
    contents = [load(row.kind, row.canonical) for row in parcel.rows]
    written = write_interchange(envelope_for(integration, parcel), controls, contents, now)
    names = _sequences(integration, parcel.partner)
    numbers = dict(zip(names, (controls.interchange, controls.group), strict=True))
    return Packed(
        written.data, "edi", controls.interchange, numbers, controls, tuple(written.replaced), written.set_controls
    )


def _as_flat(tx: Tx, parcel: Parcel, layout: Layout, now: datetime) -> Packed:
    """A file of the partner's layout: the envelope is the network's own, and no 997 comes (truecommerce 5)."""
    row = parcel.lead
    document = load(row.kind, row.canonical)
    context = WriteContext(partner=parcel.partner.code, revision=str(row.revision), at=now)
    if parcel.partner.currency:
        context = replace(context, currency=parcel.partner.currency)
    data = write_documents([document], layout, context)
    # Only for its name, which is never used twice; the partner sees no control number.
    name = f"file:{row.integration}>{parcel.partner.name}"
    number = sequences.reserve(tx, name)[0]
    return Packed(data, layout.extension, number, {name: number})


def envelope_for(integration: Integration, parcel: Parcel) -> Envelope:
    """The envelope the partner's settings ask for. Acknowledgments ask for none themselves (edi-operations 7)."""
    x12 = parcel.partner.x12
    test = integration.settings.environment == "test"
    ours: X12Identity = integration.settings.identity
    theirs = _identity_of(integration, parcel.partner)
    answer = parcel.lead.kind in ANSWERS
    return Envelope(
        sender_qualifier=ours.qualifier,
        sender_id=ours.id,
        receiver_qualifier=theirs.qualifier,
        receiver_id=theirs.id,
        group_sender=ours.group,
        group_receiver=theirs.group,
        version=x12.version,
        usage="T" if test else "P",
        element_separator=x12.element_separator,
        component_separator=x12.component_separator,
        repetition_separator=x12.repetition_separator,
        terminator=x12.terminator,
        suffix=x12.suffix,
        character_set=x12.character_set,
        encoding=x12.encoding,
        ack_requested=x12.want_ta1 and not answer,
        replace_separators=x12.replace_separators,
    )


def _identity_of(integration: Integration, partner: Partner) -> X12Identity:
    """Who the partner is in this environment.

    Raises:
        NeedsCorrection: it has no identity (any more).
    """
    test = integration.settings.environment == "test"
    found = (partner.test_identity if test else None) or partner.identity
    if found is None:
        raise NeedsCorrection(
            Reason.UNKNOWN_PARTNER,
            f"This leaves as X12, and partner {partner.name} has no identity.",
            remedy="Write `identity` into the partner's file, or the layout of what it is sent; or discard this here.",
            data={"partner": partner.name},
        )
    return found


def _reserve(integration: Integration, tx: Tx, parcel: Parcel) -> ControlNumbers:
    """Control numbers from the ledger's sequences: one of each level per sender-receiver pair (edi-operations 5).

    Whichever integration sends: two that share an identity share its numbers. A new identity of ours goes on from the
    numbers that the partner has seen.
    """
    theirs = _identity_of(integration, parcel.partner).key
    interchange, group = _sequences(integration, parcel.partner)
    return ControlNumbers(
        interchange=sequences.reserve(tx, interchange, above=("ISA13:", f">{theirs}"))[0],
        group=sequences.reserve(tx, group, above=("GS06:", f">{theirs}"))[0],
        first_set=1,
    )


def file_name(partner: Partner, set_type: str, number: str, at: datetime, control: int, extension: str = "edi") -> str:
    """The name that the partner's template makes; it must hold the control number. Only plain characters are let
    through.
    """
    name = partner.orders.file_name.format(
        partner=partner.name,
        set=set_type,
        number=number,
        timestamp=at.strftime("%Y%m%dT%H%M%S"),
        control=f"{control:09d}",
        ext=extension,
    )
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)


def _keep(
    integration: Integration,
    tx: Tx,
    work: RunScope,
    parcel: Parcel,
    packed: Packed,
    now: datetime,
) -> None:
    """The bytes, their envelope rows and the planned upload, with the documents' move to rendered."""
    set_type = set_name(parcel.lead)
    sha256 = files.put_blob(tx, packed.data)
    channel = parcel.partner.channels.send
    name = file_name(parcel.partner, set_type, parcel.lead.number, now, packed.number, packed.extension)
    # Numbers go by the pair of identities, names by the folder: several partners may have one.
    name = files.free_name(tx, integration.network.connection, channel, name)
    file_id = files.add_file(
        tx,
        NewFile(
            direction="out",
            integration=integration.name,
            connection=integration.network.connection,
            channel=channel,
            partner=parcel.partner.name,
            remote_id=None,
            name=name,
            size=len(packed.data),
            sha256=sha256,
            state="planned",
            removal="left",
            partition_date=parcel.lead.partition_date,
            detail={"replaced": list(packed.replaced)[:50]} if packed.replaced else {},
        ),
    )
    interchange_id: int | None = None
    group_id: int | None = None
    detail: dict[str, Any] = {"file": name, "sha256": sha256}
    if packed.controls is not None:
        interchange_id, group_id = _envelope_rows(integration, tx, parcel, packed.controls, file_id, set_type)
        detail |= {"interchange": packed.controls.interchange, "group": packed.controls.group}
    moves: list[Move] = []
    for row, set_control in zip(parcel.rows, packed.set_controls or [""] * len(parcel.rows), strict=True):
        changes = {
            "file_id": file_id,
            "interchange_id": interchange_id,
            "group_id": group_id,
            "set_control": set_control or None,
        }
        moves += resume_moves(row)
        moves.append(Move(row.id, S.RENDERED, "rendered", {**detail, "set": set_control}, changes=changes))
    documents.move(tx, moves, work)
    position = operations.next_position(tx, parcel.lead.id)
    operations.plan(tx, [_upload(parcel.lead, position, integration, channel, name, sha256, packed)])


def _upload(
    lead: DocumentRow, position: int, integration: Integration, channel: str, name: str, sha256: str, packed: Packed
) -> NewOperation:
    """One upload. Its key holds the bytes' hash: the same bytes under the same name, or another operation."""
    plan = {"channel": channel, "name": name, "sha256": sha256, "size": len(packed.data), "numbers": packed.numbers}
    identity = hashlib.sha256(f"{lead.id}|{channel}|{name}|{sha256}".encode()).hexdigest()[:24]
    return NewOperation(
        document_id=lead.id,
        position=position,
        connection=integration.network.connection,
        company=lead.company,
        kind="upload",
        key=f"up-{identity}",
        target=f"{channel}/{name}",
        payload=json.dumps(plan, sort_keys=True),
    )


def _envelope_rows(
    integration: Integration, tx: Tx, parcel: Parcel, controls: ControlNumbers, file_id: int, set_type: str
) -> tuple[int, int | None]:
    partner = parcel.partner
    interchange_id = envelopes.add_interchange(
        tx,
        NewInterchange(
            file_id=file_id,
            position=0,
            direction="out",
            integration=integration.name,
            partner=partner.name,
            sender=integration.settings.identity.key,
            receiver=_identity_of(integration, partner).key,
            control_number=f"{controls.interchange:09d}",
            version="00501" if partner.x12.version == "005010" else "00401",
            usage="T" if integration.settings.environment == "test" else "P",
            state="planned",
        ),
    )
    functional_id = group_of(set_type)
    if not functional_id:
        return interchange_id, None
    group_id = envelopes.add_group(
        tx,
        NewGroup(
            interchange_id=interchange_id,
            position=0,
            direction="out",
            integration=integration.name,
            partner=partner.name,
            functional_id=functional_id,
            control_number=controls.group,
            version=partner.x12.version,
        ),
    )
    return interchange_id, group_id
