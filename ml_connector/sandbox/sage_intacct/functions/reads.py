"""The older reads: readByQuery with readMore, read, readByName (sage-intacct 6.2, 3)."""

from ml_connector.sandbox.sage_intacct.books.documents import STATES as DOCUMENT_STATES
from ml_connector.sandbox.sage_intacct.books.payables import STATES as BILL_STATES
from ml_connector.sandbox.sage_intacct.books.record import Record, Values
from ml_connector.sandbox.sage_intacct.books.shapes import Shape
from ml_connector.sandbox.sage_intacct.functions.call import Call
from ml_connector.sandbox.sage_intacct.functions.results import Result
from ml_connector.sandbox.sage_intacct.functions.sql import Condition, Test
from ml_connector.sandbox.sage_intacct.wire.errors import Failed, bad_fields, business, processing_error
from ml_connector.sandbox.sage_intacct.wire.values import Value
from ml_connector.sandbox.sage_intacct.wire.xml import Node, node

MOST = 1000
DEFAULT = 100
MOST_KEYS = 1000
_CODED = {
    "APBILL": BILL_STATES, "APADJUSTMENT": BILL_STATES, "PODOCUMENT": DOCUMENT_STATES, "SODOCUMENT": DOCUMENT_STATES,
    "APPYMT": {"Posted": "C", "Draft": "D", "Approved": "A", "Voided": "V", "Submitted": "S"},
}  # fmt: skip


def read_by_query(call: Call) -> None:
    """Rows in lower case, one level, names with dots."""
    element, name = call.element, call.element.value("object")
    shape = call.shape(name, "READ_BY_QUERY")
    fields = _fields(shape, element.value("fields"), processing_error())
    test = condition(call, shape, element.value("query"))
    size = _page_size(element.value("pagesize"))
    found = [(row, values) for row, values in call.rows(shape) if test is None or test(values)]
    docparid = element.value("docparid")
    if docparid and "DOCPARID" in shape.fields:
        found = [one for one in found if one[1].get("DOCPARID") == docparid]

    def show(values: Values) -> Node:
        return node(name.lower(), *(call.field(shape, values, field) for field in fields))

    rows = [values for _, values in found]
    identity, result = call.results.keep(name.lower(), call.company.name, rows, show, size)
    call.result.data = _page(call, identity, result)


def condition(call: Call, shape: Shape, text: str) -> Test | None:
    """The test of a `query` element; None where it is empty. Raises Failed (DL02000001)."""
    return Condition(call, shape, text, _Reading(shape)).parse() if text else None


class _Reading:
    """A field as conditions read it: STATE by its code, STATUS also as T and F (sage-intacct 6.4)."""

    def __init__(self, shape: Shape) -> None:
        self._codes = _CODED.get(shape.name, {})

    def __call__(self, values: Values, name: str) -> Value:
        value = values.get(name)
        if name == "STATE" and self._codes:
            return self._codes.get(str(value), value)
        return value

    def spelled(self, name: str, text: str) -> str:
        """A sent text as the field has it."""
        return {"T": "active", "F": "inactive"}.get(text, text) if name == "STATUS" else text


def read_more(call: Call) -> None:
    """The next page of a readByQuery, by its result id or its object."""
    identity, name = call.element.value("resultId"), call.element.value("object")
    result = call.results.find(identity, call.company.name)
    if not identity and name:
        identity, result = call.results.newest(name, call.company.name)
    if result is None:
        raise business(f"The result '{identity[:60]}' has expired or does not exist.", number="DL02000001")
    call.result.data = _page(call, identity, result)


def _page(call: Call, identity: str, result: Result) -> Node:
    rows, left = call.results.page(result)
    return node(
        "data", *rows, listtype=result.listtype, count=len(rows), totalcount=len(result.rows), numremaining=left,
        resultId=identity,
    )  # fmt: skip


def read(call: Call) -> None:
    """By record numbers. An unknown key gives nothing, no error (assumed)."""
    shape = call.shape(call.element.value("object"), "READ")
    keys = _keys(call.element)
    found = {str(row.number): (row, values) for row, values in call.rows(shape)}
    _answer(call, shape, [found[key] for key in keys if key in found])


def read_by_name(call: Call) -> None:
    """By the keys that people use: VENDORID, DOCID."""
    shape = call.shape(call.element.value("object"), "READ_BY_NAME")
    keys = [key.casefold() for key in _keys(call.element)]
    found = {str(values.get(shape.key) or "").casefold(): (row, values) for row, values in call.rows(shape)}
    _answer(call, shape, [found[key] for key in keys if key in found])


def _answer(call: Call, shape: Shape, rows: list[tuple[Record, Values]]) -> None:
    asked = call.element.value("fields")
    fields = _fields(shape, asked, None)
    made = []
    for row, values in rows:
        whole = asked in {"", "*"}
        inner = call.nested(shape, row, values) if whole else [call.field(shape, values, name) for name in fields]
        made.append(node(shape.name, *inner))
    call.result.data = node("data", *made, listtype=shape.name, count=len(made))


def _fields(shape: Shape, text: str, refusal: Failed | None) -> list[str]:
    if text in {"", "*"}:
        return list(shape.fields)
    names = [name.strip() for name in text.split(",") if name.strip()]
    bad = [name for name in names if name not in shape.fields]
    if bad:
        raise refusal or bad_fields(", ".join(bad))
    return names


def _keys(element: Node) -> list[str]:
    keys = [key.strip() for key in element.value("keys").split(",") if key.strip()]
    if len(keys) > MOST_KEYS:
        raise processing_error(f"More than {MOST_KEYS} keys")
    return keys


def _page_size(text: str) -> int:
    if not text:
        return DEFAULT
    if not text.isascii() or not text.isdigit() or len(text) > 6 or not 1 <= int(text) <= MOST:
        raise processing_error(f"pagesize must be between 1 and {MOST}")
    return int(text)
