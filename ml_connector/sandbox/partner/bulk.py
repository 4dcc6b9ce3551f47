"""Many 810 files at once, straight from rows of an ERP: for tests of volume."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from ml_connector.clock import Clock
from ml_connector.sandbox.partner.documents.behaviour import Behaviour
from ml_connector.sandbox.partner.documents.invoices import make_invoice
from ml_connector.sandbox.partner.documents.notices import shipped_quantities
from ml_connector.sandbox.partner.documents.orders import Order, order_from_row
from ml_connector.sandbox.partner.partner import Partner, describe
from ml_connector.sandbox.partner.records import SentFile


def invoice_files(
    partners: Mapping[str, Partner],
    orders: Sequence[Mapping[str, Any]],
    *,
    clock: Clock,
    partner: str = "",
    per_file: int = 1,
    behaviour: Behaviour | Mapping[str, Any] | None = None,
    ordered: bool = False,
) -> list[SentFile]:
    """Write an invoice for each order into its partner's inbox, `per_file` of them in one interchange.

    orders: rows as `orders.order_from_row` takes them. The partner is the one with the order's SupplierCode (or
    `supplier`), or the one named. behaviour: the partner's own when None. ordered: bill what was ordered, whatever
    the behaviour ships. Raises KeyError for an order of a supplier who is no partner.
    """
    by_partner: dict[str, list[Order]] = {}
    for row in orders:
        name = partner or _partner_of(partners, row)
        by_partner.setdefault(name, []).append(order_from_row(row))
    files: list[SentFile] = []
    for name, theirs in by_partner.items():
        who = partners[name]
        chosen = _behaviour(who, behaviour)
        for start in range(0, len(theirs), per_file):
            files.append(_one_file(who, theirs[start : start + per_file], chosen, clock, ordered=ordered))
    return files


def _one_file(
    partner: Partner, orders: Sequence[Order], behaviour: Behaviour, clock: Clock, *, ordered: bool
) -> SentFile:
    day = clock.now().date()
    invoices = [
        make_invoice(
            [(order, _quantities(order, behaviour, ordered=ordered))],
            behaviour,
            behaviour.invoice_number or partner.number("I"),
            day,
        )
        for order in orders
    ]
    sets = [partner.invoice_contents(invoice, behaviour) for invoice in invoices]
    documents = [describe(invoice, behaviour) for invoice in invoices]
    file, _ = partner.send("810", sets, documents, behaviour, trouble=documents[0].trouble)
    return file


def _quantities(order: Order, behaviour: Behaviour, *, ordered: bool) -> dict[str, Decimal]:
    if ordered or behaviour.invoice == "ordered":
        return {line.number: line.quantity for line in order.open_lines}
    return shipped_quantities(order, behaviour)


def _behaviour(partner: Partner, told: Behaviour | Mapping[str, Any] | None) -> Behaviour:
    if isinstance(told, Behaviour):
        return told
    return partner.behaviour.changed(dict(told)) if told else partner.behaviour


def _partner_of(partners: Mapping[str, Partner], row: Mapping[str, Any]) -> str:
    code = str(row.get("supplier") or row.get("SupplierCode") or "").strip()
    for name, partner in partners.items():
        if partner.profile.supplier == code:
            return name
    raise KeyError(f"supplier {code!r} is not a partner of the sandbox")
