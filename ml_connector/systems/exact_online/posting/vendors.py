"""Suppliers that are created, with their bank accounts (exact-online 10.6): found by name and our key in the remarks.

A supplier comes first, its bank accounts name it. The IBAN goes into `BankAccount`: `IBAN` alone is refused.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from ml_connector.documents.master.vendors import NewVendor
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.ports import Existing, Identity, PlannedOperation, StoredOperation, Written
from ml_connector.systems.exact_online.posting.bills import key_in, with_key
from ml_connector.systems.exact_online.settings import ExactSettings
from ml_connector.systems.exact_online.wire.client import ExactClient, Row, readable
from ml_connector.systems.exact_online.wire.entities import BANK_ACCOUNT, VENDOR, written
from ml_connector.systems.exact_online.wire.filters import all_of, any_of, equals
from ml_connector.systems.exact_online.wire.odata_literals import code, guid, guid_literal, text_literal, to_json

KINDS = frozenset({VENDOR.kind, BANK_ACCOUNT.kind})
_SELECT = "ID,Code,Name,Remarks"
#: Characters that Exact keeps of a name, and of a code.
_NAME, _CODE = 50, 18
_REMARKS = 500


class Vendors:
    """Suppliers to create. company: the division. account_of: the guid of a GL account's code."""

    kinds = frozenset({VENDOR.kind})
    repeatable = False
    entries = None

    def __init__(
        self,
        client: ExactClient,
        settings: ExactSettings,
        company: Callable[[], str],
        account_of: Callable[[str], str | None],
    ) -> None:
        self._client = client
        self._settings = settings
        self._company = company
        self._account_of = account_of

    def plan(self, new: NewVendor, key: str) -> list[PlannedOperation]:
        """The supplier, then each of its bank accounts, the first as the main one.

        Raises:
            NeedsCorrection: the GL account of new suppliers does not exist.
        """
        company = self._company()
        plan = [PlannedOperation(VENDOR.kind, f"{company}/{VENDOR.endpoint}", to_json(self._account(new, key)))]
        for at, account in enumerate(new.bank_accounts):
            # A number behind that of its bank is a form of ours.
            body = {"Account": "", "BankAccount": account.rpartition("/")[2].strip(), "Main": at == 0}
            target = f"{company}/{BANK_ACCOUNT.endpoint}"
            plan.append(PlannedOperation(BANK_ACCOUNT.kind, target, to_json(body), uses={"Account": 0}))
        return plan

    def _account(self, new: NewVendor, key: str) -> dict[str, Any]:
        street = [*(line for line in new.street if line.strip()), "", "", ""]
        body = {
            "Name": _kept(new.name),
            "Code": new.code.rjust(_CODE) if new.code else "",
            "IsSupplier": True,
            "Status": "A",
            "VATNumber": new.tax_number,
            "AddressLine1": street[0],
            "AddressLine2": street[1],
            "AddressLine3": ", ".join(line for line in street[2:] if line),
            "Postcode": new.postal_code,
            "City": new.city,
            "State": new.region,
            "Country": new.country,
            "Phone": new.phone,
            "Email": new.email,
            "PurchaseCurrency": new.currency,
            "PaymentConditionPurchase": new.payment_terms,
            "GLAccountPurchase": self._ledger(new.gl_account),
            "Remarks": with_key("", key, _REMARKS),
        }
        return {name: value for name, value in body.items() if value not in ("", None)}

    def _ledger(self, account: str) -> str:
        found = self._account_of(account) if account else ""
        if found is None:
            raise NeedsCorrection(
                Reason.UNMAPPED_ACCOUNT,
                f"GL account {account} of new suppliers does not exist in the ERP.",
                remedy="Create the account, or correct vendors_in.new.gl_account.",
                data={"account": account},
            )
        return found

    def existing(self, identities: Sequence[Identity]) -> list[Existing]:
        """Accounts of these names, whoever entered them."""
        with readable(self._settings.connection, "a supplier"):
            rows = self._named([one.number for one in identities])
        return [
            Existing(
                identity=one,
                outside_id=guid(row.get(VENDOR.key)),
                our_key=key_in(row.get("Remarks")),
                number=code(row.get("Code")),
                source=VENDOR.endpoint,
                kind=VENDOR.kind,
            )
            for one in dict.fromkeys(identities)
            for row in rows
            if _folded(str(row.get("Name") or "")) == _folded(one.number)
        ]

    def written(self, operations: Sequence[StoredOperation]) -> dict[int, Written]:
        """Which of these writes are there."""
        return {number: found[0] for number, found in self.copies(operations).items()}

    def copies(self, operations: Sequence[StoredOperation]) -> dict[int, list[Written]]:
        """All accounts with our keys, and all bank accounts of theirs with these numbers."""
        suppliers = [one for one in operations if one.kind == VENDOR.kind]
        accounts = [one for one in operations if one.kind == BANK_ACCOUNT.kind]
        found = self._suppliers(suppliers) if suppliers else {}
        return {**found, **(self._bank_accounts(accounts) if accounts else {})}

    def _suppliers(self, operations: Sequence[StoredOperation]) -> dict[int, list[Written]]:
        bodies = {one.id: json.loads(one.payload) for one in operations}
        by_key: dict[str, list[Row]] = {}
        for row in self._named([str(body["Name"]) for body in bodies.values()]):
            by_key.setdefault(key_in(row.get("Remarks")), []).append(row)
        return {
            number: [written(VENDOR, row, found_in=VENDOR.endpoint) for row in by_key[key]]
            for number, body in bodies.items()
            if (key := key_in(body["Remarks"])) and key in by_key
        }

    def _bank_accounts(self, operations: Sequence[StoredOperation]) -> dict[int, list[Written]]:
        wanted: dict[tuple[str, str], int] = {}
        for one in operations:
            body = json.loads(one.payload)
            if body.get("Account"):
                wanted[guid(body["Account"]), str(body["BankAccount"])] = one.id
        params = {"$select": "ID,Account,BankAccount"}
        found: dict[int, list[Written]] = {}
        for rows in self._client.rows_matching(BANK_ACCOUNT.endpoint, params, sorted(wanted), _of_accounts):
            for row in rows:
                number = wanted.get((guid(row.get("Account")), str(row.get("BankAccount"))))
                if number is not None:
                    found.setdefault(number, []).append(written(BANK_ACCOUNT, row, found_in=BANK_ACCOUNT.endpoint))
        return found

    def _named(self, names: Sequence[str]) -> list[Row]:
        wanted = sorted({_kept(name) for name in names if name.strip()})
        pages = self._client.rows_matching(VENDOR.endpoint, {"$select": _SELECT}, wanted, _of_names)
        return [row for rows in pages for row in rows]


def _kept(name: str) -> str:
    """What Exact keeps of a name; one that is cut behind a word has no blank at its end."""
    return name.strip()[:_NAME].strip()


def _folded(name: str) -> str:
    return _kept(name).casefold()


def _of_names(names: Sequence[str]) -> str:
    return any_of([equals("Name", text_literal(name)) for name in names])


def _of_accounts(accounts: Sequence[tuple[str, str]]) -> str:
    return any_of(
        [
            "(" + all_of([equals("Account", guid_literal(one)), equals("BankAccount", text_literal(number))]) + ")"
            for one, number in accounts
        ]
    )
