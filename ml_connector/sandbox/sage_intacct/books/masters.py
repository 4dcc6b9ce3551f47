"""Vendors, accounts, dimensions, items: objects with few rules of their own (sage-intacct 7)."""

from ml_connector.sandbox.sage_intacct.books.company import Work
from ml_connector.sandbox.sage_intacct.books.record import Record, Values
from ml_connector.sandbox.sage_intacct.books.rules import needed
from ml_connector.sandbox.sage_intacct.books.shapes import SHAPES
from ml_connector.sandbox.sage_intacct.wire.errors import GENERAL, Entry, Failed, business, duplicate, invalid

#: Objects of these tables point at a record by its natural key: it cannot go while they do.
_USED = {
    "VENDOR": (("APBILL", "VENDORID"), ("APADJUSTMENT", "VENDORID"), ("PODOCUMENT", "CUSTVENDID")),
    "CUSTOMER": (("SODOCUMENT", "CUSTVENDID"), ("PROJECT", "CUSTOMERID")),
    "GLACCOUNT": (("APBILLITEM", "ACCOUNTNO"), ("GLENTRY", "ACCOUNTNO")),
    "DEPARTMENT": (("APBILLITEM", "DEPARTMENTID"), ("PODOCUMENTENTRY", "DEPARTMENTID")),
    "LOCATION": (("APBILLITEM", "LOCATIONID"), ("PODOCUMENTENTRY", "LOCATIONID")),
    "ITEM": (("PODOCUMENTENTRY", "ITEMID"), ("SODOCUMENTENTRY", "ITEMID")),
    "PROJECT": (("APBILLITEM", "PROJECTID"), ("PODOCUMENTENTRY", "PROJECTID")),
    "CLASS": (("APBILLITEM", "CLASSID"), ("PODOCUMENTENTRY", "CLASSID")),
}  # fmt: skip
_PREFIX = {"VENDOR": "V-", "CUSTOMER": "C-", "PROJECT": "P-"}
_CHOICES = {
    "NORMALBALANCE": {"debit", "credit"}, "CLOSINGTYPE": {"non-closing account", "closing account"},
    "ACCOUNTTYPE": {"balancesheet", "incomestatement"}, "STATUS": {"active", "inactive"},
}  # fmt: skip


def create(work: Work, name: str, values: Values) -> Record:
    """A new record of an object without rules of its own. Raises Failed."""
    shape, company = SHAPES[name], work.company
    values.setdefault("STATUS", "active")
    if name == "VENDOR" and any(field.startswith("DISPLAYCONTACT.") for field in values):
        needed(values, ("DISPLAYCONTACT.PRINTAS",))
    elif name == "VENDOR":
        values["DISPLAYCONTACT.PRINTAS"] = values.get("NAME")
    if name in _PREFIX and not values.get(shape.key) and (name == "PROJECT" or work.options.vendor_numbers):
        values[shape.key] = f"{_PREFIX[name]}{company.next_number(f'{name} id'):05d}"
    needed(values, shape.required)
    _check_choices(values)
    key = str(values[shape.key])
    if work.find(name, key) is not None:
        raise _duplicate(name, key)
    _check_links(work, name, values)
    row = company.add(name, values, owner=work.entity, user=work.user)
    company.tell(f"{name} create", recordno=row.number, key=key, name=row.text("NAME") or row.text("TITLE"))
    return row


def update(work: Work, name: str, row: Record, values: Values) -> None:
    """Change fields of a record. Raises Failed."""
    shape = SHAPES[name]
    values = {field: value for field, value in values.items() if field not in {"RECORDNO", shape.key}}
    for field in shape.required:
        if field in values and values[field] in {None, ""}:
            needed(values, (field,))
    _check_choices(values)
    _check_links(work, name, values)
    work.company.change(name, row, values, user=work.user)
    work.company.tell(f"{name} update", recordno=row.number, key=row.text(shape.key), fields=sorted(values))


def delete(work: Work, name: str, row: Record) -> None:
    """Remove a record that nothing uses. Raises Failed."""
    key = row.text(SHAPES[name].key)
    for table, field in _USED.get(name, ()):
        if any(one.text(field).casefold() == key.casefold() for one in work.company.tables[table]):
            raise business(f"{SHAPES[name].title} '{key}' cannot be deleted because it is in use.", "Set it inactive.")
    work.company.delete(name, row, user=work.user)
    work.company.tell(f"{name} delete", recordno=row.number, key=key)


def _check_choices(values: Values) -> None:
    for field, allowed in _CHOICES.items():
        value = values.get(field)
        if value is None:
            continue
        plain = {"T": "active", "F": "inactive"}.get(str(value), str(value)) if field == "STATUS" else str(value)
        if plain.casefold() not in allowed:
            raise invalid(field, str(value))
        values[field] = plain.casefold()


def _check_links(work: Work, name: str, values: Values) -> None:
    parent = values.get("PARENTID")
    if parent and work.find(name, str(parent)) is None:
        raise invalid("Parent", str(parent))
    for field, label, table in (
        ("TERMNAME", "Term", "APTERM"), ("APACCOUNT", "GL Account", "GLACCOUNT"),
        ("OFFSETGLACCOUNTNO", "GL Account", "GLACCOUNT"), ("CLOSINGACCOUNTNO", "GL Account", "GLACCOUNT"),
    ):  # fmt: skip
        key = values.get(field)
        if key and work.find(table, str(key)) is None:
            raise invalid(label, str(key))
    if name == "GLACCOUNT" and values.get("CLOSINGTYPE") == "closing account" and not values.get("CLOSINGACCOUNTNO"):
        needed(values, ("CLOSINGACCOUNTNO",))


def _duplicate(name: str, key: str) -> Failed:
    """A GL account has an error of its own (sage-intacct 4)."""
    if name == "GLACCOUNT":
        return Failed(
            Entry(GENERAL, f"The account number '{key}' already exists", "Duplicate account number",
                  "Enter unique account number"),
            Entry(GENERAL, "Could not create GL Account record."),
        )  # fmt: skip
    if name == "CUSTOMER":
        return Failed(Entry("BL03002185", f"Another Customer with the given value(s) {key}  already exists"))
    return duplicate(SHAPES[name].title, key)
