"""What coding looks up in the reference data, and whether what it found can be used."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from ml_connector.documents.reference import CostCenter, GLAccount, Item, VatCode, Vendor
from ml_connector.errors import NeedsMending, Reason


@dataclass(frozen=True)
class CodingTables:
    """Look-ups in the reference data, by code (or id where the ERP's records point by id)."""

    gl_account: Callable[[str], GLAccount | None]
    cost_center: Callable[[str], CostCenter | None]
    cost_unit: Callable[[str], CostCenter | None]
    item: Callable[[str], Item | None]
    vat_code: Callable[[str], VatCode | None]
    vendor: Callable[[str], Vendor | None] = lambda _: None


def known_account(tables: CodingTables, key: str, place: str) -> GLAccount:
    """The account with this code or id.

    Raises:
        NeedsMending: there is none, or it is blocked.
    """
    account = tables.gl_account(key)
    if account is None:
        raise NeedsMending(
            Reason.UNMAPPED_ACCOUNT,
            f"GL account {key} of {place} does not exist in the ERP.",
            mend="Create the account, or mend the mapping.",
            data={"account": key, "place": place},
        )
    if account.blocked:
        raise NeedsMending(
            Reason.BLOCKED_ACCOUNT,
            f"GL account {account.code} of {place} is blocked.",
            mend="Unblock it in the ERP, or map to another one.",
            data={"account": account.code, "place": place},
        )
    return account


def check_dimension(table: Callable[[str], CostCenter | None], code: str, name: str, day: date, place: str) -> None:
    """See that a cost center or cost unit can be used on that day; an empty code is none.

    Raises:
        NeedsMending: there is none of this code, or it has ended.
    """
    if not code:
        return
    found = table(code)
    if found is None:
        raise NeedsMending(
            Reason.UNMAPPED_COST_CENTER,
            f"{name} {code} of {place} does not exist in the ERP.",
            mend="Create it, or mend the mapping or the order.",
            data={"code": code, "place": place},
        )
    if found.end_date is not None and found.end_date <= day:
        raise NeedsMending(
            Reason.INACTIVE_COST_CENTER,
            f"{name} {code} of {place} ended on {found.end_date}.",
            mend="Extend it in the ERP, or use another one on the order or in the mapping.",
            data={"code": code, "place": place, "ended": found.end_date.isoformat()},
        )
