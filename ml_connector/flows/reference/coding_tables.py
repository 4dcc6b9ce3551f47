"""What coding looks up in the reference data, and whether what it found can be used."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from ml_connector.documents.dimensions import COST_CENTER, COST_UNIT, in_words
from ml_connector.documents.reference import CostCenter, GLAccount, Item, Requirement, VatCode, Vendor
from ml_connector.errors import NeedsCorrection, Reason


@dataclass(frozen=True)
class CodingTables:
    """Look-ups in the reference data, by code (or id where the ERP's records point by id)."""

    gl_account: Callable[[str], GLAccount | None]
    cost_center: Callable[[str], CostCenter | None]
    cost_unit: Callable[[str], CostCenter | None]
    item: Callable[[str], Item | None]
    vat_code: Callable[[str], VatCode | None]
    vendor: Callable[[str], Vendor | None] = lambda _: None
    #: By the name of a further dimension, and its code.
    other_dimension: Callable[[str, str], CostCenter | None] = lambda _dimension, _code: None

    def dimension(self, name: str, code: str) -> CostCenter | None:
        """The record of a dimension's code."""
        if name == COST_CENTER:
            return self.cost_center(code)
        return self.cost_unit(code) if name == COST_UNIT else self.other_dimension(name, code)


def known_account(tables: CodingTables, key: str, place: str) -> GLAccount:
    """The account with this code or id.

    Raises:
        NeedsCorrection: there is none, or it is blocked.
    """
    account = tables.gl_account(key)
    if account is None:
        raise NeedsCorrection(
            Reason.UNMAPPED_ACCOUNT,
            f"GL account {key} of {place} does not exist in the ERP.",
            remedy="Create the account, or mend the mapping.",
            data={"account": key, "place": place},
        )
    if account.blocked:
        raise NeedsCorrection(
            Reason.BLOCKED_ACCOUNT,
            f"GL account {account.code} of {place} is blocked.",
            remedy="Unblock it in the ERP, or map to another one.",
            data={"account": account.code, "place": place},
        )
    return account


def check_dimension(tables: CodingTables, dimension: str, code: str, day: date, place: str) -> None:
    """See that a code of a dimension can be used on that day; an empty code is none.

    Raises:
        NeedsCorrection: there is none of this code, or it has ended.
    """
    if not code:
        return
    found = tables.dimension(dimension, code)
    name = in_words(dimension).capitalize()
    if found is None:
        raise NeedsCorrection(
            Reason.UNMAPPED_COST_CENTER,
            f"{name} {code} of {place} does not exist in the ERP.",
            remedy="Create it, or mend the mapping or the order.",
            data={"code": code, "place": place, "dimension": dimension},
        )
    if found.end_date is not None and found.end_date <= day:
        raise NeedsCorrection(
            Reason.INACTIVE_COST_CENTER,
            f"{name} {code} of {place} ended on {found.end_date}.",
            remedy="Extend it in the ERP, or use another one on the order or in the mapping.",
            data={"code": code, "place": place, "dimension": dimension, "ended": found.end_date.isoformat()},
        )


def check_wanted(account: GLAccount | None, dimension: str, code: str, place: str) -> None:
    """See that a line has the dimensions that its account wants.

    Raises:
        NeedsCorrection: the account wants one, and the line has none.
    """
    if account is None or code or account.requirement(dimension) is not Requirement.MANDATORY:
        return
    name = in_words(dimension)
    raise NeedsCorrection(
        Reason.UNMAPPED_COST_CENTER,
        f"GL account {account.code} of {place} wants a {name}, and none is known.",
        remedy=f"Put the {name} on the order line, or give the item, the partner or the integration one.",
        data={"account": account.code, "place": place, "dimension": dimension},
    )
