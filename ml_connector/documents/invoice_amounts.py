"""What an invoice adds up to (x12-procurement 8): the one place that does, for inspecting, validating and posting.

TDS01 = lines, each rounded to the cent, + charges - allowances + taxes. Senders write signs, repeated charges and
repeated taxes in a few ways; the way that comes to the stated total is theirs. None that does: the invoice is wrong.
Currencies of other places than two are rounded in theirs, or to the cent all the same: the total tells that too.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from functools import cached_property
from itertools import product
from typing import Literal, NamedTuple

from ml_connector.documents.common import AllowanceCharge, AllowanceKind, Tax
from ml_connector.documents.invoices import Invoice, InvoiceLine
from ml_connector.documents.values.currencies import rounded_to, smallest

#: TDS01 and SAC05 have two implied decimals, whatever the currency (x12-procurement 3).
CENT = Decimal("0.01")
ZERO = Decimal(0)

#: SAC02 codes that are taxes: tax, sales and use tax, state tax, GST (x12-procurement 4 and 8).
TAX_CODES = frozenset({"H850", "H740", "H770", "D360"})
#: SAC12: never part of the total; part of it with some senders only, as the total tells.
INFORMATION_ONLY = "15"
MAYBE_APART = frozenset({"01", "04", "05", "CC"})
#: SAC06: percent of what is left after the charges before it; of what, is not said.
OF_WHAT_IS_LEFT, BASE_UNSAID = frozenset({"2", "4"}), frozenset({"", "Z"})

#: Whose signs the amounts of charges have: as written; none, the code alone tells; a credit's charges count against it.
Signs = Literal["written", "by_code", "against"]


@dataclass(frozen=True)
class Charge:
    """An allowance or charge as it adds to the total. line: position from 1, 0 for one of the whole invoice.

    amount is None where nothing tells it. cut: what rounding it took away, where it was worked out.
    """

    source: AllowanceCharge
    line: int
    amount: Decimal | None
    cut: Decimal = ZERO


@dataclass(frozen=True)
class Sum:
    """An invoice added up, in the signs it was sent with. stated: TDS01. step: what its amounts are rounded to."""

    lines: tuple[Decimal, ...]
    charges: tuple[Charge, ...]
    taxes: Decimal
    stated: Decimal | None
    #: How many of these amounts had to be rounded, and what that took away in all.
    rounded: int
    cut: Decimal
    step: Decimal = CENT

    @cached_property
    def goods(self) -> Decimal:
        return sum(self.lines, ZERO)

    @cached_property
    def extra(self) -> Decimal:
        return sum((charge.amount or ZERO for charge in self.charges), ZERO)

    @cached_property
    def computed(self) -> Decimal:
        return self.goods + self.extra + self.taxes

    @property
    def difference(self) -> Decimal:
        """What the stated total is above the sum."""
        return (self.stated if self.stated is not None else self.computed) - self.computed

    @property
    def allowed(self) -> Decimal:
        """How much rounding explains: half a step for every amount that was rounded, and half a cent of a total that is
        in cents where amounts are in less.
        """
        whole = self.stated is not None and not self.stated % CENT
        return self.step / 2 * self.rounded + (CENT / 2 if whole and self.step < CENT else ZERO)

    @property
    def fits(self) -> bool:
        """Whether rounding explains the difference, from the amounts rounded one by one and from the exact ones."""
        return max(abs(self.difference), abs(self.difference - self.cut)) <= self.allowed


def add_up(invoice: Invoice, currency: str = "") -> Sum:
    """The invoice added up as its sender did; where nothing comes to the total, as it is written.

    What comes to it exactly goes before what rounding has to explain. currency: of one that names none.
    """
    own = smallest(invoice.currency.strip() or currency)
    with localcontext(prec=100):
        sums = itertools.chain.from_iterable(_sums(invoice, step) for step in dict.fromkeys((own, CENT)))
        first = next(sums)
        if first.stated is None or not first.difference:
            return first
        fitting = [first] if first.fits else []
        for one in sums:
            if not one.difference:
                return one
            if one.fits:
                fitting.append(one)
        return fitting[0] if fitting else first


def _sums(invoice: Invoice, step: Decimal) -> Iterator[Sum]:
    """The ways an invoice may be meant, the plainest first. step: what it is rounded to."""
    exact = [line.amount for line in invoice.lines]
    lines = tuple(rounded_to(amount, step) for amount in exact)
    cuts = [a - b for a, b in zip(exact, lines, strict=True)]
    stated = invoice.total
    seen: set[tuple[tuple[Decimal, ...], Decimal]] = set()
    for way in _ways_of_charges(invoice):
        written = list(_charges(invoice, lines, way, step))
        direction = -1 if (stated if stated is not None else sum(lines, ZERO)) < 0 else 1
        known = _tax_totals(invoice, direction)
        for signs in _signs(stated, lines, invoice):
            charges = tuple(_signed(charge, signs, direction) for charge in written)
            for taxes in (*known, *_taxes_by_rate(invoice, lines, charges, step)):
                key = (tuple(charge.amount or ZERO for charge in charges), taxes)
                if key in seen:
                    continue
                seen.add(key)
                whole = rounded_to(taxes, step)
                cut = [one for one in (*cuts, *(c.cut for c in charges), taxes - whole) if one]
                yield Sum(lines, charges, whole, stated, len(cut), sum(cut, ZERO), step)


def _signs(stated: Decimal | None, lines: Sequence[Decimal], invoice: Invoice) -> tuple[Signs, ...]:
    """A credit's charges may count against it: goods come back, a fee for restocking stays."""
    credit = invoice.is_credit or (stated is not None and stated < 0) or sum(lines, ZERO) < 0
    return ("written", "by_code", "against") if credit else ("written", "by_code")


class _Way(NamedTuple):
    """One way in which charges may be meant.

    apart: those settled otherwise (SAC12) are left out. repeated: those of lines that the summary repeats count there
    alone. compound: a percentage of nothing said is of what is left after those before it. net: percentages of the
    whole invoice are of what the lines come to with their own charges.
    """

    apart: bool
    repeated: bool
    compound: bool
    net: bool


def _ways_of_charges(invoice: Invoice) -> Iterator[_Way]:
    of_lines = [charge for line in invoice.lines for charge in line.allowances]
    every = [*invoice.allowances, *of_lines]
    apart = any(charge.handling in MAYBE_APART for charge in every)
    codes = {charge.code for charge in invoice.allowances}
    repeated = any(charge.code in codes for charge in of_lines)
    compound = any(charge.percent is not None and charge.percent_basis in BASE_UNSAID for charge in every)
    net = bool(of_lines) and any(charge.percent is not None for charge in invoice.allowances)
    choices = [[False, True] if there else [False] for there in (apart, repeated, compound, net)]
    yield from itertools.starmap(_Way, product(*choices))


def _counts(charge: AllowanceCharge, *, apart: bool) -> bool:
    """Whether it changes the total: no tax, no information (SAC01 N ..., SAC12 15)."""
    return (
        not is_tax(charge)
        and kind_of(charge) in {AllowanceKind.ALLOWANCE, AllowanceKind.CHARGE}
        and charge.handling != INFORMATION_ONLY
        and not (apart and charge.handling in MAYBE_APART)
    )


def kind_of(charge: AllowanceCharge) -> AllowanceKind:
    """SAC01; small letters are read as capitals."""
    return AllowanceKind(charge.kind.strip().upper())


def is_tax(charge: AllowanceCharge) -> bool:
    """Whether it is a tax written as a charge."""
    return charge.code.upper() in TAX_CODES


def _charges(invoice: Invoice, lines: Sequence[Decimal], way: _Way, step: Decimal) -> Iterator[Charge]:
    """What counts, lines first, each with the sign that code and amount give it as they stand."""
    summary = {charge.code for charge in invoice.allowances} if way.repeated else set()
    base = sum(lines, ZERO)
    for at, line in enumerate(invoice.lines):
        of_line = [c for c in line.allowances if _counts(c, apart=way.apart) and c.code not in summary]
        for charge in _worked_out(of_line, lines[at], at + 1, line, step, compound=way.compound):
            base += (charge.amount or ZERO) if way.net else ZERO
            yield charge
    of_invoice = [charge for charge in invoice.allowances if _counts(charge, apart=way.apart)]
    yield from _worked_out(of_invoice, base, 0, None, step, compound=way.compound)


def _worked_out(
    charges: Iterable[AllowanceCharge],
    base: Decimal,
    at: int,
    line: InvoiceLine | None,
    step: Decimal,
    *,
    compound: bool,
) -> Iterator[Charge]:
    """SAC05, else rate times quantity, else percent of the goods or of what is left of them (SAC06)."""
    left = base
    for charge in charges:
        sign = 1 if kind_of(charge) is AllowanceKind.CHARGE else -1
        of_left = charge.percent_basis in OF_WHAT_IS_LEFT or (compound and charge.percent_basis in BASE_UNSAID)
        exact = _exact(charge, left if of_left else base, line)
        amount = None if exact is None else rounded_to(sign * exact, step)
        left += amount or ZERO
        yield Charge(charge, at, amount, ZERO if exact is None or amount is None else sign * exact - amount)


def _exact(charge: AllowanceCharge, base: Decimal, line: InvoiceLine | None) -> Decimal | None:
    if charge.amount is not None:
        return charge.amount
    if charge.rate is not None:
        quantity = charge.rate_quantity
        if quantity is None and line is not None and charge.rate_unit in {"", line.unit}:
            quantity = line.quantity
        if quantity is not None:
            return charge.rate * quantity
    return base * charge.percent / 100 if charge.percent is not None else None


def _signed(charge: Charge, signs: Signs, direction: int) -> Charge:
    if charge.amount is None or signs == "written":
        return charge
    if signs == "against":
        return replace(charge, amount=-charge.amount, cut=-charge.cut)
    adds = kind_of(charge.source) is AllowanceKind.CHARGE
    amount = direction * (abs(charge.amount) if adds else -abs(charge.amount))
    return replace(charge, amount=amount, cut=charge.cut if amount == charge.amount else -charge.cut)


# ---------------------------------------------------------------------- taxes


def adds_tax(tax: Tax) -> bool:
    """TXI07: O is information; what else there is counts, or holds the invoice (`flows.invoice_meaning`)."""
    return tax.relationship.strip().upper() != "O"


def taxes_of_line(line: InvoiceLine) -> tuple[Tax, ...]:
    """The taxes that say a line's rate: its TXI, else its SAC that are taxes."""
    return tuple(filter(adds_tax, line.taxes)) or _written_as_charges(line.allowances)


def taxes_of_invoice(invoice: Invoice) -> tuple[Tax, ...]:
    """Likewise of the whole invoice. Many senders put its TXI behind the last SAC, where it looks like that one's."""
    own = tuple(filter(adds_tax, invoice.taxes)) or _written_as_charges(invoice.allowances)
    step = max(CENT, smallest(invoice.currency))
    return own or tuple(
        tax
        for charge in invoice.allowances
        for tax in charge.taxes
        if adds_tax(tax) and not _is_of_charge_alone(tax, charge, step)
    )


def _is_of_charge_alone(tax: Tax, charge: AllowanceCharge, step: Decimal) -> bool:
    """Whether the charge explains the tax under it."""
    if not tax.amount or tax.percent is None or charge.amount is None:
        return False
    return abs(abs(tax.amount) - abs(charge.amount) * tax.percent / 100) <= step


def _written_as_charges(charges: Iterable[AllowanceCharge]) -> tuple[Tax, ...]:
    """Their kind is the code of the charge: TXI01 was not said. A percentage alone is a rate."""
    return tuple(
        Tax(kind=charge.code.upper(), amount=_tax_amount(charge), percent=charge.percent)
        for charge in charges
        if is_tax(charge) and (_tax_amount(charge) is not None or _is_rate(charge))
    )


def _is_rate(charge: AllowanceCharge) -> bool:
    added = kind_of(charge) is AllowanceKind.CHARGE and charge.handling != INFORMATION_ONLY
    return added and charge.amount is None and bool(charge.percent)


def _taxes_by_rate(
    invoice: Invoice, lines: Sequence[Decimal], charges: Sequence[Charge], step: Decimal
) -> Iterator[Decimal]:
    """What the taxes may come to where all are rates without amounts: of the goods with their charges, or of the goods.

    TXI03 is a fraction, or a percentage (x12-procurement 5); the total tells.
    """
    behind = [tax for charge in invoice.allowances for tax in charge.taxes]
    own = [tax for tax in (*invoice.taxes, *_written_as_charges(invoice.allowances), *behind) if adds_tax(tax)]
    of_lines = [[tax for tax in (*x.taxes, *_written_as_charges(x.allowances)) if adds_tax(tax)] for x in invoice.lines]
    every = [*own, *(tax for taxes in of_lines for tax in taxes)]
    if not any(tax.percent for tax in every) or any(tax.amount is not None for tax in every):
        return
    goods = sum(lines, ZERO)
    extra = sum((charge.amount or ZERO for charge in charges), ZERO)
    shares = (100, 1) if all((tax.percent or ZERO) < 1 for tax in every) else (1,)
    for base, share in product(dict.fromkeys((goods + extra, goods)), shares):
        parts = [base * _rates(own) * share]
        parts += [line * _rates(of) * share for line, of in zip(lines, of_lines, strict=True)]
        yield from (sum(parts, ZERO), sum((rounded_to(part, step) for part in parts), ZERO))


def _rates(taxes: Iterable[Tax]) -> Decimal:
    return sum((tax.percent or ZERO for tax in taxes), ZERO) / 100


def _tax_amount(charge: AllowanceCharge) -> Decimal | None:
    """What a tax written as a charge adds; a percentage alone tells a rate, not an amount."""
    if charge.handling == INFORMATION_ONLY or charge.amount is None:
        return None
    kind = kind_of(charge)
    if kind is AllowanceKind.CHARGE:
        return charge.amount
    return -charge.amount if kind is AllowanceKind.ALLOWANCE else None


def taxes_coming_to(invoice: Invoice, total: Decimal, currency: str) -> tuple[tuple[Tax, Decimal], ...]:
    """Its taxes with their amounts, each once, that come to that total (of whatever sign); none where none do."""
    for taxes, step in product(_tax_readings(invoice), dict.fromkeys((smallest(currency), CENT))):
        come_to = rounded_to(_total(taxes), step)
        if come_to and abs(come_to) == abs(total):
            sign = 1 if come_to == total else -1
            return tuple((tax, sign * tax.amount) for tax in taxes if adds_tax(tax) and tax.amount)
    return ()


def _tax_readings(invoice: Invoice) -> list[tuple[Tax, ...]]:
    """What the taxes may be, the plainest first: the summary, else the lines, say them all; or what differs is another
    tax and is added. Each tax once, wherever it is repeated.
    """
    inside = [line.taxes for line in invoice.lines]
    inside += [charge.taxes for line in invoice.lines for charge in line.allowances]
    inside += [charge.taxes for charge in invoice.allowances]
    places = (
        invoice.taxes,
        tuple(tax for taxes in inside for tax in taxes),
        _written_as_charges(invoice.allowances),
        tuple(tax for line in invoice.lines for tax in _written_as_charges(line.allowances)),
    )
    levels = [taxes for taxes in places if _total(taxes)]
    readings = levels[:1]
    distinct: dict[Decimal, tuple[Tax, ...]] = {}
    for taxes in levels:
        distinct.setdefault(_total(taxes), taxes)
        together = tuple(tax for level in distinct.values() for tax in level)
        if _total(together) not in [_total(one) for one in readings]:
            readings.append(together)
    return readings


def _tax_totals(invoice: Invoice, direction: int) -> list[Decimal]:
    """What the taxes may come to; a credit's may be written without signs."""
    totals = [_total(taxes) for taxes in _tax_readings(invoice)]
    unsigned = [direction * abs(amount) for amount in totals]
    return list(dict.fromkeys([*totals, *unsigned])) or [ZERO]


def _total(taxes: Iterable[Tax]) -> Decimal:
    return sum((tax.amount or ZERO for tax in taxes if adds_tax(tax)), ZERO)
