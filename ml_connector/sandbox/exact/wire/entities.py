"""The entities that the stand-in serves, from the compact facts in facts.json.

A field is written `Name:Type`, then `*` mandatory on POST, `!` read-only, `<18` padded with blanks on the left,
`>3` on the right, `?` write-only. A type in brackets is a collection of that entity set. Fields stand in
metadata order, in which answers give them whatever the order of $select (exact-online 4.2).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

_FIELD = re.compile(r"(\w+):(\[?\w+\]?)(\*?)(!?)(?:<(\d+))?(?:>(\d+))?(\??)")

NUMBERS = frozenset({"Double", "Int16", "Int32", "Int64", "Byte"})
WHOLE = frozenset({"Int16", "Int32", "Int64", "Byte"})

# Line collections: header field -> (entity of the lines, their field that names the header).
CHILDREN: Mapping[str, tuple[str, str]] = {
    "purchaseorder/PurchaseOrders.PurchaseOrderLines": ("purchaseorder/PurchaseOrderLines", "PurchaseOrderID"),
    "purchaseorder/GoodsReceipts.GoodsReceiptLines": ("purchaseorder/GoodsReceiptLines", "GoodsReceiptID"),
    "purchaseorder/PurchaseReturns.PurchaseReturnLines": ("purchaseorder/PurchaseReturnLines", "EntryID"),
    "purchaseentry/PurchaseEntries.PurchaseEntryLines": ("purchaseentry/PurchaseEntryLines", "EntryID"),
    "purchase/PurchaseInvoices.PurchaseInvoiceLines": ("purchase/PurchaseInvoiceLines", "InvoiceID"),
    "financialtransaction/BankEntries.BankEntryLines": ("financialtransaction/BankEntryLines", "EntryID"),
    "generaljournalentry/GeneralJournalEntries.GeneralJournalEntryLines": (
        "generaljournalentry/GeneralJournalEntryLines",
        "EntryID",
    ),
    "financialtransaction/Transactions.TransactionLines": ("financialtransaction/TransactionLines", "EntryID"),
    "crm/Accounts.BankAccounts": ("crm/BankAccounts", "Account"),
}
# Lists of these need $select or $top=1 (exact-online 6).
HEAVY = frozenset({"purchaseentry/PurchaseEntries", "generaljournalentry/GeneralJournalEntries"})
# A plain POST of these answers with the key only (exact-online 4.7).
SPARSE_ECHO = frozenset({"crm/Accounts", "logistics/Items"})
# Regular entities with a sync twin, by the twin's path.
SYNC_TWINS: Mapping[str, str] = {
    "sync/CRM/Accounts": "crm/Accounts",
    "sync/Financial/GLAccounts": "financial/GLAccounts",
    "sync/Financial/TransactionLines": "financialtransaction/TransactionLines",
    "sync/Cashflow/PaymentTerms": "cashflow/Payments",
    "sync/Logistics/Items": "logistics/Items",
    "sync/Logistics/SupplierItem": "logistics/SupplierItem",
    "sync/Inventory/ItemWarehouses": "inventory/ItemWarehouses",
    "sync/Documents/Documents": "documents/Documents",
    "sync/Documents/DocumentAttachments": "documents/DocumentAttachments",
}
BULK_TWINS: Mapping[str, str] = {
    "bulk/CRM/Accounts": "crm/Accounts",
    "bulk/Financial/GLAccounts": "financial/GLAccounts",
    "bulk/Financial/TransactionLines": "financialtransaction/TransactionLines",
    "bulk/Cashflow/Payments": "cashflow/Payments",
    "bulk/Logistics/Items": "logistics/Items",
    "bulk/Documents/Documents": "documents/Documents",
    "bulk/Documents/DocumentAttachments": "documents/DocumentAttachments",
}
# EntityType numbers of sync/Deleted (exact-online 7).
DELETED_TYPES: Mapping[str, int] = {
    "financialtransaction/TransactionLines": 1,
    "purchaseentry/PurchaseEntryLines": 1,
    "crm/Accounts": 2,
    "documents/DocumentAttachments": 4,
    "documents/Documents": 6,
    "financial/GLAccounts": 7,
    "logistics/Items": 9,
    "cashflow/Payments": 10,
    "inventory/ItemWarehouses": 19,
    "purchaseorder/PurchaseOrders": 22,
    "crm/BankAccounts": 48,
}


@dataclass(frozen=True, slots=True)
class Field:
    """One property. `type` is the Edm type without its prefix, "Guids" or the name of a collection."""

    name: str
    type: str
    mandatory: bool = False
    readonly: bool = False
    pad_left: int = 0
    pad_right: int = 0
    write_only: bool = False
    collection: bool = False

    def padded(self, text: str) -> str:
        """The stored form of a code (exact-online 4.5)."""
        if self.pad_left:
            return text.strip().rjust(self.pad_left)
        return text.ljust(self.pad_right) if self.pad_right else text


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity set. `path` is service/Set with the service in lower case for ordinary ones."""

    path: str
    key: str
    verbs: frozenset[str]
    model: str
    fields: Mapping[str, Field]
    topic: str | None = None
    inside: str | None = None
    key_type: str = field(default="Guid")

    def child(self, name: str) -> tuple[str, str] | None:
        """Entity and header field of a line collection; None for collections that stay empty."""
        return CHILDREN.get(f"{self.path}.{name}")


def _field(text: str) -> Field:
    match = _FIELD.fullmatch(text)
    if match is None:
        raise ValueError(f"facts.json: not a field: {text}")
    name, kind, mandatory, readonly, left, right, write_only = match.groups()
    return Field(
        name=name,
        type=kind.strip("[]"),
        mandatory=bool(mandatory),
        readonly=bool(readonly),
        pad_left=int(left or 0),
        pad_right=int(right or 0),
        write_only=bool(write_only),
        collection=kind.startswith("["),
    )


def _load() -> dict[str, Entity]:
    facts = json.loads(files("ml_connector.sandbox.exact").joinpath("facts.json").read_text("utf-8"))
    found: dict[str, Entity] = {}
    for path, fact in facts.items():
        fields = {one.name: one for one in map(_field, fact["fields"].split())}
        found[path] = Entity(
            path=path,
            key=fact["key"],
            verbs=frozenset(fact["verbs"].split()),
            model=fact["model"],
            fields=fields,
            topic=fact.get("topic"),
            inside=fact.get("inside"),
            key_type=fields[fact["key"]].type,
        )
    timestamp = Field("Timestamp", "Int64", readonly=True)
    for twins, is_sync in ((SYNC_TWINS, True), (BULK_TWINS, False)):
        for path, regular in twins.items():
            base = found[regular]
            kept = {name: one for name, one in base.fields.items() if not one.collection}
            found[path] = Entity(
                path=path,
                key="Timestamp" if is_sync else base.key,
                verbs=frozenset({"GET"}),
                model=base.model if not is_sync else base.model.replace("Models.", "Models.Sync.", 1),
                fields={"Timestamp": timestamp, **kept} if is_sync else kept,
                key_type="Int64" if is_sync else base.key_type,
            )
    return found


ENTITIES: Mapping[str, Entity] = _load()


def find(service: str, name: str) -> Entity | None:
    """The entity of a URL. The set's name is case-sensitive, the service's is not (exact-online 1)."""
    return _BY_URL.get((service.lower(), name))


_BY_URL = {(path.rpartition("/")[0].lower(), path.rpartition("/")[2]): one for path, one in ENTITIES.items()}


@cache
def unset(path: str) -> Mapping[str, bool | int]:
    """What a row has where nothing was given: no Boolean and no Byte is empty."""
    kinds: dict[str, bool | int] = {"Boolean": False, "Byte": 0}
    return {name: kinds[one.type] for name, one in ENTITIES[path].fields.items() if one.type in kinds}
