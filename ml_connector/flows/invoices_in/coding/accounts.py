"""The GL account of a line, and the account or item of a charge."""

from dataclasses import dataclass

from ml_connector.documents.reference import GLAccount, Item
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.invoices_in.coding.coder import Coder
from ml_connector.flows.invoices_in.invoice_totals import MatchedCharge
from ml_connector.flows.invoices_in.matching import MatchedLine
from ml_connector.flows.reference.coding_tables import known_account

#: The code of the line that takes what rounding explains.
ROUNDING = "ROUNDING"


def account_of(coder: Coder, line: MatchedLine) -> GLAccount | None:
    """The account a line ends on. Where it cannot be said, the ERP takes the item's and it only serves the checks."""
    item = coder.tables.item(line.item_code) if line.item_code else None
    if not coder.has_accounts:
        return coder.tables.gl_account(item.gl_account) if item and item.gl_account else None
    candidates = (
        line.gl_account,
        coder.coding.item_accounts.get(line.item_code, ""),
        item.gl_account if item else "",
        coder.partner.gl_account,
        coder.vendor.gl_account,
        coder.coding.default_account,
    )
    chosen = next((c for c in candidates if c), "")
    if not chosen:
        raise NeedsCorrection(
            Reason.UNMAPPED_ACCOUNT,
            f"Line {line.number} ({line.description}) has no GL account.",
            remedy="Map the item under coding.item_accounts, or give the partner or the integration an account.",
            data={"line": line.number, "item": line.item_code, "description": line.description},
        )
    return known_account(coder.tables, chosen, f"line {line.number}")


@dataclass(frozen=True)
class Target:
    """What a charge is posted to: an item, or an account. account: also that of the item, for the checks."""

    account: GLAccount | None
    item: Item | None = None


def target_of(coder: Coder, charge: MatchedCharge) -> Target:
    """Where a charge goes: to an item when matched, to an account when coded (exact-online 10.3); where matched lines
    carry accounts, to an account before an item.

    Raises:
        NeedsCorrection: none is mapped, or the ERP does not have it.
    """
    of_rounding = charge.code == ROUNDING
    account = coder.coding.rounding_account if of_rounding else coder.coding.charge_accounts.get(charge.code, "")
    item = coder.coding.rounding_item if of_rounding else coder.coding.charge_items.get(charge.code, "")
    own = "" if of_rounding else coder.partner.charges.get(charge.code, "")
    if coder.has_accounts and (own or account):
        return Target(known_account(coder.tables, own or account, f"charge {charge.code}"))
    if coder.is_matched and (own or item):
        found = _known_item(coder, own or item, charge.code)
        return Target(coder.tables.gl_account(found.gl_account) if found.gl_account else None, found)
    what, key = ("GL account", "charge_accounts") if coder.has_accounts else ("item", "charge_items")
    raise NeedsCorrection(
        Reason.UNMAPPED_CHARGE,
        f"Charge {charge.code} ({charge.description or 'no text'}, {charge.amount}) has no {what}.",
        remedy=f"Add {charge.code} under coding.{key} or to the partner.",
        data={"charge": charge.code, "amount": str(charge.amount), "currency": coder.matched.currency},
    )


def takes_rounding(coder: Coder) -> bool:
    """Whether cents that rounding explains have an account or item of their own."""
    coding = coder.coding
    by_account = bool(coder.has_accounts and coding.rounding_account)
    return by_account or bool(coder.is_matched and coding.rounding_item)


def _known_item(coder: Coder, code: str, charge: str) -> Item:
    item = coder.tables.item(code)
    if item is None:
        raise NeedsCorrection(
            Reason.UNMAPPED_CHARGE,
            f"Item {code} for charge {charge} does not exist in the ERP.",
            remedy="Create the item, or mend coding.charge_items.",
            data={"charge": charge, "item": code},
        )
    return item
