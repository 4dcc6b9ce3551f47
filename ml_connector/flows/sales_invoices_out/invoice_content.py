"""What a customer is sent of a sales invoice or credit memo. Pure functions.

The total is the ERP's, never one that is worked out here. What cannot be said so that it comes to that total is held.
"""

import hashlib
from collections.abc import Iterable
from decimal import Decimal

from ml_connector.config.integrations import IntegrationSettings
from ml_connector.config.partners import InvoicesToPartner, Partner
from ml_connector.config.units import meanings
from ml_connector.documents.common import (
    AllowanceCharge,
    AllowanceKind,
    Contact,
    ItemId,
    Party,
    PaymentTerms,
    Purpose,
    Reference,
    Tax,
    changed,
)
from ml_connector.documents.invoices import Invoice, InvoiceLine
from ml_connector.documents.json import dump
from ml_connector.documents.sales.invoices import Address, SalesDiscount, SalesInvoice, SalesInvoiceLine
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.meaning.sent_parts import BARCODES, barcode, party_at, price_basis
from ml_connector.flows.sales_invoices_out.amounts import ZERO, check_amounts, check_sent, line_price
from ml_connector.flows.sales_invoices_out.settings import SalesInvoicesOut

#: SAC06 percent of gross, SAC12 off invoice (x12-procurement 5).
OF_GROSS, OFF_INVOICE = "3", "02"
#: Digits of SAC07 and ITD03.
PERCENT_DIGITS = 6
#: ITD01 basic, ITD02 counted from the invoice's date.
BASIC, FROM_INVOICE = "01", "3"
#: N103: who made the code.
OURS, THEIRS, GLN = "91", "92", "UL"
#: PER01: in general.
IN_GENERAL = "CN"


def resolve_invoice(
    invoice: SalesInvoice, partner: Partner, settings: IntegrationSettings, rules: SalesInvoicesOut
) -> Invoice:
    """The invoice as the customer is to get it, as an original.

    Raises:
        NeedsCorrection: it has no lines or does not add up; a unit, charge or tax is mapped to nothing in X12; a line
            has nothing that the customer can read, or a place has no name and no code.
    """
    if invoice.other_type:
        raise NeedsCorrection(
            Reason.UNSUPPORTED_DOCUMENT,
            f"{invoice.number} is of type {invoice.other_type}: neither plainly an invoice nor a credit memo.",
            remedy="Send it to the customer another way, and discard it here.",
            data={"invoice": invoice.number, "type": invoice.other_type},
        )
    if not invoice.lines:
        raise NeedsCorrection(
            Reason.NOTHING_TO_SEND,
            f"Invoice {invoice.number} has no lines.",
            remedy="If it is one of an opening balance, send it another way and discard it here.",
            data={"invoice": invoice.number},
        )
    if not invoice.currency:
        raise NeedsCorrection(
            Reason.CURRENCY_MISMATCH,
            f"Invoice {invoice.number} has no currency.",
            remedy="Set the currency in the ERP.",
            data={"invoice": invoice.number},
        )
    check_amounts(invoice)
    own = partner.sales_invoices
    lines, told = _told_lines(invoice)
    sent = Invoice(
        number=invoice.number,
        invoice_date=invoice.invoice_date,
        order_number=_header_order(invoice),
        order_date=invoice.customer_order_date,
        type=own.credit_type if invoice.is_credit else own.invoice_type,
        purpose=Purpose.ORIGINAL,
        original_invoice=invoice.original_invoice if invoice.is_credit and partner.original_in_big10 else "",
        currency=invoice.currency,
        total=invoice.total,
        references=_references(invoice, own),
        parties=_parties(invoice, partner, settings, rules),
        terms=_terms(invoice, rules),
        # TDS04; a credit memo is not paid early
        terms_discount=None if invoice.is_credit else invoice.terms.discount_amount or None,
        lines=tuple(_line(line, invoice, own, rules) for line in lines),
        allowances=(*(_off(one, own.discount_code) for one in invoice.discounts), *_charges(invoice, rules)),
        taxes=_taxes(invoice, rules),
        notes=tuple(dict.fromkeys(text for text in (invoice.description, invoice.notes, *told) if text.strip())),
    )
    check_sent(sent, invoice)
    if invoice.is_credit and own.credit_signs == "negative":
        sent = negated(sent)
        check_sent(sent, invoice)
    return sent


def corrected(sent: Invoice) -> Invoice:
    """The same as one that takes the place of what was sent under its number (BIG08 05, x12-procurement 8)."""
    return changed(sent, purpose=Purpose.REPLACE)


def content_hash(sent: Invoice) -> str:
    """Equal for what says the same."""
    return hashlib.sha256(dump(sent).encode()).hexdigest()


def _told_lines(invoice: SalesInvoice) -> tuple[list[SalesInvoiceLine], list[str]]:
    """Lines that are invoiced, and the texts of those that only say something.

    Raises:
        NeedsCorrection: a line has an amount and no quantity: IT1 has no place for such a one.
    """
    lines: list[SalesInvoiceLine] = []
    texts: list[str] = []
    for line in invoice.lines:
        if line.quantity:
            lines.append(line)
        elif line.amount:
            raise NeedsCorrection(
                Reason.BAD_VALUE,
                f"Line {line.number} of invoice {invoice.number} has an amount of {line.amount} and no quantity.",
                remedy="Give it a quantity and a price in the ERP, or send the invoice another way and discard "
                "it here.",
                data={"invoice": invoice.number, "line": line.number, "amount": str(line.amount)},
            )
        else:
            texts += [line.description, line.notes]
    return lines, texts


def _header_order(invoice: SalesInvoice) -> str:
    """BIG04: the customer's order; of lines that all have one and the same where the invoice has none."""
    named = {line.customer_order for line in invoice.lines}
    return invoice.customer_order or (named.pop() if len(named) == 1 else "")


def _references(invoice: SalesInvoice, own: InvoicesToPartner) -> tuple[Reference, ...]:
    orders, shipments = set(invoice.order_numbers), set(invoice.shipment_numbers)
    pairs = [
        ("OI", invoice.original_invoice if invoice.is_credit else ""),
        ("IA", own.supplier_number),
        # Several stand at the lines that they are of: a header takes twelve (x12-procurement 8).
        (own.our_order_reference, orders.pop() if len(orders) == 1 else ""),
        (own.shipment_reference, shipments.pop() if len(shipments) == 1 else ""),
    ]
    return tuple(Reference(qualifier=qualifier, value=value) for qualifier, value in pairs if qualifier and value)


def _parties(
    invoice: SalesInvoice, partner: Partner, settings: IntegrationSettings, rules: SalesInvoicesOut
) -> tuple[Party, ...]:
    """Who sells, who pays, where it went and where it is paid to."""
    own = partner.sales_invoices
    us = Party(role="SE", name=settings.company_name or settings.identity.id)
    if own.supplier_number:
        us = changed(us, id_scheme=THEIRS, id=own.supplier_number)
    found = [us]
    customer = invoice.customer_name or partner.title
    bill_to = invoice.bill_to or Address(code=invoice.customer_code, name=customer)
    places = [("BT", bill_to, customer), ("ST", invoice.ship_to, customer), ("RE", invoice.remit_to, us.name)]
    found += [_party(role, at, own, whose or partner.name) for role, at, whose in places if at and at != Address()]
    if invoice.remit_to is None and rules.remit_to is not None:
        to = rules.remit_to
        found.append(party_at("RE", to.name, to.street, to.city, to.region, to.postal_code, to.country))
    return tuple(found)


def _party(role: str, place: Address, own: InvoicesToPartner, whose: str) -> Party:
    """whose: the name for an address that has neither name nor code in the ERP; N1 needs one (x12-procurement 5)."""
    theirs = place.customers_code or own.ship_to.get(place.code, "")
    scheme, code = next(
        ((scheme, code) for scheme, code in ((GLN, place.gln), (THEIRS, theirs), (OURS, place.code)) if code), ("", "")
    )
    name = place.name if place.name or code else whose
    party = party_at(role, name, place.street, place.city, place.region, place.postal_code, place.country)
    numbers = tuple(Reference(qualifier=q, value=v) for q, v in (("TE", place.phone), ("EM", place.email)) if v)
    contacts = (Contact(function=IN_GENERAL, name=place.attention, numbers=numbers),)
    return changed(party, id_scheme=scheme, id=code, contacts=contacts if place.attention or numbers else ())


def _terms(invoice: SalesInvoice, rules: SalesInvoicesOut) -> tuple[PaymentTerms, ...]:
    """ITD: when it is to be paid; a credit memo is not. What a code of terms means may stand in settings."""
    terms, meant = invoice.terms, rules.terms.get(invoice.terms.code)
    if meant is not None:
        values = {name: getattr(terms, name) or getattr(meant, name) for name in type(meant).model_fields}
        terms = changed(terms, **values)
    text = (terms.description or terms.code).strip()
    if invoice.is_credit or (invoice.due_date is None and terms.net_days is None and not text):
        return ()
    dated = terms.discount_days is not None or terms.discount_until is not None
    percent = terms.discount_percent if dated and terms.discount_percent else None
    amount = terms.discount_amount if dated and terms.discount_amount else None
    discounted = bool(percent or amount)
    return (
        PaymentTerms(
            kind=BASIC,
            basis=FROM_INVOICE,
            discount_percent=percent,
            discount_due=terms.discount_until if discounted else None,
            discount_days=terms.discount_days if discounted else None,
            net_due=invoice.due_date,
            net_days=terms.net_days,
            discount_amount=amount,
            description=text,
        ),
    )


def _line(
    line: SalesInvoiceLine, invoice: SalesInvoice, own: InvoicesToPartner, rules: SalesInvoicesOut
) -> InvoiceLine:
    unit = _unit(line, invoice, rules)
    header = _header_order(invoice)
    number = line.customer_line if own.line_numbers == "order" and line.customer_line else str(line.number)
    texts = [text.strip() for text in (line.description, line.notes) if text.strip()]
    return InvoiceLine(
        number=number,
        quantity=line.quantity,
        unit=unit,
        price=line_price(line, invoice, own.line_prices),
        price_basis=price_basis(unit),
        items=_items(line, invoice, own),
        description=" ".join(texts),
        order_number=line.customer_order if line.customer_order != header else "",
        references=_line_references(line, invoice, own),
        allowances=tuple(_off(one, own.line_discount_code) for one in line.discounts),
    )


def _unit(line: SalesInvoiceLine, invoice: SalesInvoice, rules: SalesInvoicesOut) -> str:
    """X12's unit: only what is mapped leaves, whatever a unit looks like."""
    unit = rules.unit_codes.get(line.unit, "")
    if len(unit) != 2:
        told = ", ".join(f"{code} in {language}" for language, code in meanings(line.unit).items())
        raise NeedsCorrection(
            Reason.UNIT_MISMATCH,
            f"Unit {line.unit or '(none)'} of line {line.number}, invoice {invoice.number}, is mapped to no X12 unit.",
            remedy="Map it under sales_invoices_out.units"
            + (f" (it means {told}: sales_invoices_out.units_language)." if told else "."),
            data={"invoice": invoice.number, "line": line.number, "unit": line.unit},
        )
    return unit


def _items(line: SalesInvoiceLine, invoice: SalesInvoice, own: InvoicesToPartner) -> tuple[ItemId, ...]:
    pairs = (
        (own.our_item_qualifier, line.item_code),
        (own.customers_item_qualifier, line.customers_item),
        (BARCODES.get(len(line.gtin), ""), barcode(line.gtin)),
        ("LT", line.lot),
    )
    items = tuple(ItemId(qualifier=qualifier, value=value) for qualifier, value in pairs if qualifier and value)
    if not items and not line.description.strip():
        raise NeedsCorrection(
            Reason.UNRESOLVED_ITEM,
            f"Line {line.number} of invoice {invoice.number} has neither an item nor a description.",
            remedy="Say in the ERP what it is for.",
            data={"invoice": invoice.number, "line": line.number},
        )
    return items


def _line_references(line: SalesInvoiceLine, invoice: SalesInvoice, own: InvoicesToPartner) -> tuple[Reference, ...]:
    """What the header does not say of it already."""
    several_orders, several_shipments = len(set(invoice.order_numbers)) != 1, len(set(invoice.shipment_numbers)) != 1
    original = line.original_invoice if line.original_invoice != invoice.original_invoice else ""
    pairs = (
        ("OI", original if invoice.is_credit else ""),
        (own.our_order_reference, line.order_number if several_orders else ""),
        (own.shipment_reference, line.shipment_number if several_shipments else ""),
    )
    return tuple(Reference(qualifier=qualifier, value=value) for qualifier, value in pairs if qualifier and value)


def _off(discount: SalesDiscount, code: str) -> AllowanceCharge:
    """SAC: what goes off; its amount is the ERP's, a percentage only says where it comes from."""
    percent = abs(discount.percent) if discount.percent else None
    fits = percent is not None and len(percent.normalize().as_tuple().digits) <= PERCENT_DIGITS
    return AllowanceCharge(
        kind=AllowanceKind.CHARGE if discount.amount < 0 else AllowanceKind.ALLOWANCE,
        code=code,
        amount=abs(discount.amount),
        percent=percent if fits else None,
        percent_basis=OF_GROSS if fits else "",
        handling=OFF_INVOICE,
        description=discount.description or discount.code or "Discount",
    )


def _charges(invoice: SalesInvoice, rules: SalesInvoicesOut) -> Iterable[AllowanceCharge]:
    codes = rules.charge_codes
    for charge in invoice.charges:
        if not charge.amount:
            continue
        if charge.code not in codes:
            raise NeedsCorrection(
                Reason.UNMAPPED_CHARGE,
                f"Charge {charge.code} ({charge.description or 'no text'}, {charge.amount}) of invoice {invoice.number}"
                " has no code in X12.",
                remedy=f"Map it under sales_invoices_out.charges, like {charge.code}: D500 (handling).",
                data={"invoice": invoice.number, "charge": charge.code, "amount": str(charge.amount)},
            )
        yield AllowanceCharge(
            kind=AllowanceKind.ALLOWANCE if charge.amount < 0 else AllowanceKind.CHARGE,
            code=codes[charge.code],
            amount=abs(charge.amount),
            reference=charge.shipment_number,
            description=charge.description or charge.code,
        )


def _taxes(invoice: SalesInvoice, rules: SalesInvoicesOut) -> tuple[Tax, ...]:
    """TXI: each tax of each jurisdiction; those that prices hold already are told as such (TXI07 O)."""
    found: list[Tax] = []
    for tax in invoice.taxes:
        meaning = rules.taxes.get(tax.code)
        if meaning is None and not tax.amount:
            continue
        if meaning is None:
            raise NeedsCorrection(
                Reason.UNMAPPED_TAX,
                f"Tax {tax.code} ({tax.description or tax.jurisdiction or 'no text'}, {tax.amount}) of invoice"
                f" {invoice.number} is mapped to no tax of X12.",
                remedy=f"Map it under sales_invoices_out.taxes, like {tax.code}: {{kind: ST}} (state sales tax).",
                data={"invoice": invoice.number, "tax": tax.code, "amount": str(tax.amount)},
            )
        jurisdiction = meaning.jurisdiction or tax.jurisdiction
        found.append(
            Tax(
                kind=meaning.kind,
                amount=tax.amount,
                percent=tax.percent,
                jurisdiction_source=meaning.source if jurisdiction else "",
                jurisdiction=jurisdiction,
                relationship="O" if invoice.taxes_included else "",
                basis=tax.basis if tax.percent is not None else None,
            )
        )
    return tuple(found)


def negated(sent: Invoice) -> Invoice:
    """A credit memo for customers who want its amounts below zero: all that count towards the total."""

    def of(charge: AllowanceCharge) -> AllowanceCharge:
        return changed(charge, amount=-(charge.amount or ZERO))

    def line(one: InvoiceLine) -> InvoiceLine:
        quantity = -(one.quantity or ZERO)
        return changed(one, quantity=quantity, allowances=tuple(map(of, one.allowances)))

    def tax(one: Tax) -> Tax:
        return changed(one, amount=_minus(one.amount), basis=_minus(one.basis))

    return changed(
        sent,
        total=_minus(sent.total),
        lines=tuple(map(line, sent.lines)),
        allowances=tuple(map(of, sent.allowances)),
        taxes=tuple(map(tax, sent.taxes)),
    )


def _minus(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else -amount
