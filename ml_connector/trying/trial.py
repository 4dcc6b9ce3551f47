"""Trying files: which integration they are for, the steps of a run over a scratch ledger, and what became of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, cast

import sqlalchemy as sa

from ml_connector.config.partners import Partner
from ml_connector.documents.acknowledgments import FunctionalAcknowledgment, InterchangeAcknowledgment
from ml_connector.documents.application_advice import ApplicationAdvice
from ml_connector.documents.json import load
from ml_connector.documents.records import from_json, stored_values
from ml_connector.documents.reference import OpenOrder, ReferenceTable
from ml_connector.documents.sales.reference import SalesTable
from ml_connector.errors import ConfigError
from ml_connector.flows import pipeline
from ml_connector.flows.core.integration import Integration, RunScope
from ml_connector.flows.core.ports import Erp, Mailbox
from ml_connector.flows.core.sent_formats import BUSINESS_SETS, group_of
from ml_connector.flows.core.spec import INBOUND
from ml_connector.flows.inbound import parsing, receiving
from ml_connector.flows.inbound.format_detection import isa_sender, looks_like_x12
from ml_connector.flows.inbound.polling import Channel, channels_of
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import snapshots
from ml_connector.ledger.names import naming
from ml_connector.ledger.tables import documents as t
from ml_connector.ledger.work.records import DOCUMENT_COLUMNS, DocumentRow, document_row
from ml_connector.trying.results import Reference, TryResult, collect
from ml_connector.trying.scratch import Copied, Wanted, fill, scratch
from ml_connector.trying.sides import HeldMailbox, RememberingErp

if TYPE_CHECKING:
    from ml_connector.composition import Deployment

#: Longer texts of a document are no number that another document is found by.
LONGEST_NUMBER = 80
#: Groups of what a partner's application may advise about.
_GROUPS = sorted({group_of(set_type) for set_type in BUSINESS_SETS})
NOT_ASKED = (
    "The ERP is not asked: whether somebody keyed an invoice or a receipt there by hand meanwhile is not known.",
    "Control numbers are the next ones as of now; what is sent before takes them.",
)


@dataclass(frozen=True)
class Given:
    """A file to be tried. name: as it would lie in its folder."""

    path: str
    name: str
    data: bytes


def read_files(paths: Sequence[Path], most_bytes: int) -> list[Given]:
    """The files, in their order.

    Raises:
        ConfigError: one is not there, is a folder, cannot be read, or is larger than a connection would take.
    """
    found: list[Given] = []
    for path in paths:
        if path.is_dir():
            raise ConfigError(f"{path} is a folder.", remedy="Name the files in it, in the order they would come.")
        try:
            size = path.stat().st_size
            if size > most_bytes:
                raise ConfigError(f"{path} has {size} bytes, more than {most_bytes}.", remedy="Try a part of it.")
            found.append(Given(str(path), path.name, path.read_bytes()))
        except OSError as error:
            raise ConfigError(
                f"{path} cannot be read: {error.strerror}.", remedy="Mend its name or its rights."
            ) from error
    return found


def integration_of(deployment: "Deployment", given: Sequence[Given], named: str | None) -> str:
    """The integration that these files are for: as named, the only one, or the one that has their sender.

    Raises:
        ConfigError: none of that name, or it does not follow from the files.
    """
    if named is not None:
        deployment.loaded.integration(named)
        return named
    names = deployment.integration_names
    if len(names) == 1:
        return names[0]
    senders = {isa_sender(one.data) for one in given if looks_like_x12(one.data)}
    fits = [name for name in names if senders & _identities(deployment, name)]
    if len(fits) == 1:
        return fits[0]
    raise ConfigError(
        "The files do not say which integration they are for.",
        remedy=f"Name it with --integration: {', '.join(names)}.",
    )


def _identities(deployment: "Deployment", integration: str) -> set[str]:
    """The identities of an integration's partners in production."""
    partners = deployment.loaded.partners[integration].values()
    return {partner.identity.key for partner in partners if partner.identity is not None}


def try_files(
    deployment: "Deployment",
    given: Sequence[Given],
    *,
    integration: str,
    partner: str | None = None,
    as_of: date | None = None,
    progress: Callable[[str], None] | None = None,
) -> TryResult:
    """What would become of the files, one after the other as if each came by itself. Nothing is written anywhere.

    progress: told of each thing that takes time, as it begins.

    Raises:
        ConfigError: there is no ledger, nothing was ever read from the ERP, or a partner must be named.
        DecisionNeeded: a name in the configuration has to be decided first, as a run would say.
    """
    tell = progress or (lambda _: None)
    patience = deployment.loaded.settings.ledger.patience_seconds
    real = Ledger.open(deployment.ledger_url, deployment.clock, create=False, patience=patience)
    try:
        connection = deployment.loaded.integration(integration).erp
        with scratch(deployment.clock) as first:
            fill(real, first, connection, Wanted(), as_of=as_of)
            tell(f"Reading what {len(given)} file(s) name")
            wanted = _named_in(stage(deployment, integration, first), given, partner)
        with scratch(deployment.clock) as second:
            copied = fill(real, second, connection, wanted, as_of=as_of)
            made = stage(deployment, integration, second)
            reference = reference_of(made)
            return _run(made, given, partner, copied, reference, as_of, tell)
    finally:
        real.close()


def stage(deployment: "Deployment", name: str, ledger: Ledger) -> Integration:
    """The integration as a run has it, over a scratch ledger and with both sides held."""
    connection = deployment.loaded.integration(name).erp
    with ledger.read() as tx:
        bound = [one for one in naming.company_bindings(tx) if one.connection == connection]
        company, title = (bound[-1].company, bound[-1].title) if bound else ("", "")
        if not company:
            kept = tx.execute(
                sa.select(t.snapshot.c.company).where(t.snapshot.c.connection == connection).limit(1)
            ).scalar()
            company = kept or ""
        parties = (ReferenceTable.VENDORS, SalesTable.CUSTOMERS)
        read = company and any(snapshots.latest_version(tx, connection, company, table) for table in parties)
        if not read:
            raise ConfigError(
                f"Nothing was read from {connection} yet (or by that day): there are no reference data to try with.",
                remedy="Run `ml-connector sync` once; it reads vendors, accounts, items and open orders.",
            )
    composed = deployment.over(ledger)
    erp = RememberingErp(composed.erp(connection), company, title, _open_orders(ledger, connection, company))
    composed.erps[connection] = cast("Erp", erp)
    network = deployment.loaded.integration(name).network
    composed.networks[network] = cast("Mailbox", HeldMailbox(network))
    made = composed.integration(name)
    folders = replace(made.folders, after_read="leave", stable_seconds=0.0, incomplete_minutes=0.0)
    return replace(made, folders=folders)


def _open_orders(ledger: Ledger, connection: str, company: str) -> dict[str, OpenOrder]:
    with ledger.read() as tx:
        stored = snapshots.load_lines(tx, connection, company, ReferenceTable.PURCHASE_ORDERS)
    orders = [from_json(OpenOrder, line) for line in (stored[1] if stored else [])]
    return {order.id: order for order in orders}


def reference_of(made: Integration) -> list[Reference]:
    """The reference tables that an integration decides by."""
    found = []
    with made.ledger.read() as tx:
        for table in made.erp.tables:
            info = snapshots.info(tx, made.erp.connection, made.erp.company, table)
            if info is not None:
                found.append(
                    Reference(
                        table=str(table),
                        version=info.version,
                        taken_at=info.taken_at,
                        checked_at=info.checked_at,
                        rows=info.row_count,
                    )
                )
    return found


def _folder_of(made: Integration, one: Given, partner: str | None) -> Channel:
    """The folder that a file would lie in: of the partner it names, or that is named for it."""
    channels = channels_of(made)
    if not channels:
        raise ConfigError("No partner of this integration has a folder to read.", remedy="See channels.receive.")
    if partner is not None:
        return _partners_folder(_partner_named(made, partner), channels)
    if looks_like_x12(one.data):
        sender = made.partner_of_identity(isa_sender(one.data))
        return _partners_folder(sender, channels) if sender is not None else channels[0]
    flat = [c for c in channels if any(p.layouts.receive and c.name in p.channels.receive for p in _all(made))]
    if len(flat) == 1:
        return flat[0]
    owning = [c for c in flat if c.owner(made, one.name)]
    if len(owning) == 1 and not owning[0].partner:
        return owning[0]
    raise ConfigError(
        f"{one.path} does not say which partner it is of.",
        remedy=f"Name the partner with --partner: {', '.join(sorted(made.partners))}.",
    )


def _all(made: Integration) -> Sequence[Partner]:
    return list(made.partners.values())


def _partner_named(made: Integration, name: str) -> Partner:
    if name not in made.partners:
        raise ConfigError(f"There is no partner {name!r}.", remedy=f"Known are: {', '.join(sorted(made.partners))}.")
    return made.partners[name]


def _partners_folder(partner: Partner, channels: Sequence[Channel]) -> Channel:
    for channel in channels:
        if channel.name in partner.channels.receive:
            return channel
    raise ConfigError(f"Partner {partner.name} has no folder to read.", remedy="See channels.receive of its file.")


def _run(
    made: Integration,
    given: Sequence[Given],
    partner: str | None,
    copied: Copied,
    reference: Sequence[Reference],
    as_of: date | None,
    tell: Callable[[str], None],
) -> TryResult:
    mailbox = cast("HeldMailbox", made.network)
    came: dict[str, Given] = {}
    with worker(made.ledger) as lease:
        work = RunScope(holder=lease.name, actor="try")
        for at, one in enumerate(given, 1):
            tell(f"Trying file {at} of {len(given)}: {one.name} ({len(one.data)} bytes)")
            channel = _folder_of(made, one, partner)
            lying = mailbox.files.setdefault(channel.name, [])
            came[f"{channel.name}\n{len(lying)}/{one.name}"] = one
            lying.append((one.name, one.data))
            pipeline.run(made, work, pipeline.steps_of(made.flows, INBOUND))
    return collect(made, came, copied.states, reference=reference, as_of=as_of, not_asked=NOT_ASKED)


def _named_in(made: Integration, given: Sequence[Given], partner: str | None) -> Wanted:
    """What the files name, told by parsing them: their numbers, orders, amounts, keys and envelopes."""
    mailbox = cast("HeldMailbox", made.network)
    for one in given:
        mailbox.files.setdefault(_folder_of(made, one, partner).name, []).append((one.name, one.data))
    with worker(made.ledger) as lease:
        pipeline.run(made, RunScope(holder=lease.name, actor="try"), (receiving.receive, parsing.parse))
    wanted = Wanted()
    with made.ledger.read() as tx:
        rows = [document_row(row) for row in tx.execute(sa.select(*DOCUMENT_COLUMNS))]
        wanted.controls.update(
            tx.execute(sa.select(t.interchange.c.control_number).where(t.interchange.c.direction == "in")).scalars()
        )
        wanted.hashes.update(tx.execute(sa.select(t.file.c.sha256).where(t.file.c.direction == "in")).scalars())
    for row in rows:
        name_what(row, wanted)
    return wanted


def name_what(row: DocumentRow, wanted: Wanted) -> None:
    """Add what a document names to what is wanted."""
    wanted.texts.update({row.number, row.order_number} - {""})
    if row.business_key:
        wanted.keys.add(row.business_key)
    if row.amount:
        wanted.amounts.add(row.amount)
    if not row.canonical:
        return
    document = load(row.kind, row.canonical)
    wanted.texts.update(_texts(stored_values(document)))
    if isinstance(document, FunctionalAcknowledgment) and document.group_control.strip().isdecimal():
        wanted.groups.add((document.functional_id, int(document.group_control)))
    if isinstance(document, ApplicationAdvice):
        controls = [item.group_control.strip() for item in document.items]
        wanted.groups.update((kind, int(one)) for one in controls if one.isdecimal() for kind in _GROUPS)
    if isinstance(document, InterchangeAcknowledgment):
        wanted.interchanges.add(document.control_number)


def _texts(value: object) -> set[str]:
    """Every short text with a digit in it: a number that a document may be known by."""
    if isinstance(value, Mapping):
        return set().union(*map(_texts, value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*map(_texts, value)) if value else set()
    if isinstance(value, str) and len(value) <= LONGEST_NUMBER and any(c.isdigit() for c in value):
        return {value.strip()}
    return set()
