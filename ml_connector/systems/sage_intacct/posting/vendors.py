"""Vendors that are created (intacct 7): found again by their name and our key in COMMENTS, whatever number they got.

Bank accounts are entered by people: the sheet knows no field for them, and one that came by file is looked at first.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ml_connector.documents.master.vendors import NewVendor
from ml_connector.errors import OutcomeUnknown
from ml_connector.flows.core.ports import Entries, Existing, Identity, PlannedOperation, StoredOperation, Written
from ml_connector.systems.our_keys import key_in, with_key
from ml_connector.systems.sage_intacct.posting.writing import Kind, planned
from ml_connector.systems.sage_intacct.settings import IntacctConnection
from ml_connector.systems.sage_intacct.wire import xml
from ml_connector.systems.sage_intacct.wire.client import AlreadyRecorded, Gateway, readable
from ml_connector.systems.sage_intacct.wire.paging import whole_list
from ml_connector.systems.sage_intacct.wire.queries import Query, chunks, one_of
from ml_connector.systems.sage_intacct.wire.values import Row, body_of, text
from ml_connector.systems.sage_intacct.wire.xml import Value

KIND = "vendor"
WHAT = Kind(kind=KIND, object="VENDOR", party="", number="NAME", mark="COMMENTS", key="VENDORID", amount="")
_FIELDS = ("VENDORID", "NAME", "COMMENTS", "STATUS")
#: Names that one query asks for.
_AT_ONCE = 100


class Vendors:
    """Creates vendors, and looks for them."""

    kinds = frozenset({KIND})
    repeatable = False
    entries: Entries | None = None

    def __init__(self, gateway: Gateway, settings: IntacctConnection) -> None:
        self._gateway = gateway
        self._settings = settings

    def plan(self, new: NewVendor, key: str) -> list[PlannedOperation]:
        """The one write that creates it."""
        told = ["its bank account is to be entered in Sage Intacct"] if new.bank_accounts else []
        told += xml.told_of({"name": new.name, "street": " ".join(new.street), "city": new.city})
        identity = Identity("", new.name)
        return [planned(WHAT, self._settings, key, identity, _element(new, key, self._settings), told, ref=new.code)]

    def existing(self, identities: Sequence[Identity]) -> list[Existing]:
        """Vendors of these names, whoever entered them."""
        rows = self._named([one.number for one in identities])
        return [
            Existing(
                identity=one,
                outside_id=text(row, "VENDORID"),
                our_key=key_in(text(row, "COMMENTS")),
                number=text(row, "VENDORID"),
                source=WHAT.object,
                kind=KIND,
            )
            for one in dict.fromkeys(identities)
            for row in rows.get(_folded(one.number), ())
        ]

    def write(self, operation: StoredOperation) -> Written:
        """Send the stored call.

        Raises:
            RefusedBySystem: nothing was written. OutcomeUnknown, TryAgain: as ever.
        """
        body = body_of(operation.payload)
        call = xml.fragment(body["call"])
        try:
            result = self._gateway.do(call, f"create {WHAT.object}", body["control_id"])
        except AlreadyRecorded as error:
            found = self.written([operation]).get(operation.id)
            if found is not None:
                return found
            # An empty look-up right after is no proof of anything: reads lag behind (intacct 5).
            raise OutcomeUnknown(
                f"{self._gateway.connection}: Sage Intacct has recorded vendor {body['find']['number']} before, and"
                " does not show it yet.",
                remedy="It is looked up again. If it lasts, somebody has deleted it there: decide what becomes of it.",
            ) from error
        made = result.made("VENDORID")
        if not made:
            raise OutcomeUnknown(
                f"{self._gateway.connection}: a vendor was stored, and its number was not told.",
                remedy="It is looked up by our key.",
            )
        return Written(made, _detail(made, body))

    def written(self, operations: Sequence[StoredOperation]) -> dict[int, Written]:
        """Which of these writes are there: vendors with our keys."""
        return {number: found[0] for number, found in self.copies(operations).items()}

    def copies(self, operations: Sequence[StoredOperation]) -> dict[int, list[Written]]:
        """All vendors with our keys."""
        bodies = {operation.id: body_of(operation.payload) for operation in operations}
        with readable(self._gateway.connection, "a vendor"):
            rows = self._named([body["find"]["number"] for body in bodies.values()])
        found: dict[int, list[Written]] = {}
        for number, body in bodies.items():
            find = body["find"]
            mine = [
                row for row in rows.get(_folded(find["number"]), ()) if key_in(text(row, "COMMENTS")) == find["key"]
            ]
            if mine:
                found[number] = [Written(text(row, "VENDORID"), _detail(text(row, "VENDORID"), body)) for row in mine]
        return found

    def _named(self, names: Sequence[str]) -> dict[str, list[Row]]:
        """Vendors of these names, by name without regard to case."""
        wanted = sorted({xml.stripped(name) for name in names if xml.stripped(name)})
        found: dict[str, dict[str, Row]] = {}
        for group in chunks(wanted, _AT_ONCE):
            query = Query(
                WHAT.object,
                _FIELDS,
                one_of("NAME", group),
                page_size=self._settings.page_size,
                private=self._settings.shows_private,
                loose=True,
            )
            for row in whole_list(self._gateway, query):
                found.setdefault(_folded(text(row, "NAME")), {})[text(row, "VENDORID")] = row
        return {name: list(rows.values()) for name, rows in found.items()}


def _folded(name: str) -> str:
    return xml.stripped(name).casefold()


def _detail(code: str, body: Mapping[str, Any]) -> dict[str, Any]:
    warning = {"warning": "; ".join(body["told"])} if body.get("told") else {}
    return {"entry_number": code, "vendor": code, **warning}


def _element(new: NewVendor, key: str, settings: IntacctConnection) -> xml.Element:
    street = [one for one in new.street if one.strip()]
    address: dict[str, Value] = {
        "ADDRESS1": street[0] if street else None,
        "ADDRESS2": ", ".join(street[1:]) or None,
        "CITY": new.city,
        "STATE": new.region,
        "ZIP": new.postal_code,
        "COUNTRYCODE": new.country,
    }
    contact: dict[str, Value] = {
        "PRINTAS": new.name,
        "COMPANYNAME": new.name,
        "LASTNAME": new.contact,
        "PHONE1": new.phone,
        "EMAIL1": new.email,
        "MAILADDRESS": _told(address) or None,
    }
    values: dict[str, Value] = {
        "VENDORID": new.code,
        "NAME": new.name,
        "DISPLAYCONTACT": _told(contact),
        "TAXID": new.tax_number,
        "TERMNAME": new.payment_terms,
        "VENDTYPE": new.vendor_class,
        "APACCOUNT": new.gl_account,
        "CURRENCY": new.currency,
        "COMMENTS": with_key("", key, settings.description_length),
    }
    return xml.built("create", [("VENDOR", _told(values))])


def _told(values: Mapping[str, Value]) -> list[tuple[str, Value]]:
    return [(name, value) for name, value in values.items() if value not in (None, "", [])]
