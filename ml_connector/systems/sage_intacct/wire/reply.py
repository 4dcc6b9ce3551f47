"""A reply of the gateway, read at each of its levels (intacct 3). Whatever is not `success` is a failure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ml_connector.systems.sage_intacct.wire import xml
from ml_connector.systems.sage_intacct.wire.errors import ErrorLevel, GatewayError
from ml_connector.systems.sage_intacct.wire.values import Row
from ml_connector.systems.sage_intacct.wire.xml import Element, UnreadableXmlError

SUCCESS = "success"


@dataclass(frozen=True)
class Page:
    """What `data` says of itself. remaining: rows that are still to come."""

    count: int
    total: int | None
    remaining: int


@dataclass(frozen=True)
class Result:
    """The answer to one function. status: as told; errors: of this function alone."""

    status: str
    function: str
    control_id: str
    errors: tuple[GatewayError, ...] = ()
    key: str = ""
    data: Element | None = field(default=None, repr=False, compare=False)

    @property
    def good(self) -> bool:
        return self.status == SUCCESS

    def rows(self) -> list[dict[str, str]]:
        """The records in `data`, by the names of their fields in capitals."""
        return [dict(row_of(one)) for one in xml.elements(self.data if self.data is not None else ())]

    def page(self) -> Page:
        """How much of it there is.

        Raises:
            UnreadableXmlError: it does not say.
        """
        attributes: Mapping[str, str] = {} if self.data is None else dict(self.data.attrib)
        if self.data is None or "count" not in attributes:
            raise UnreadableXmlError("a list that does not say how long it is")
        total = attributes.get("totalcount", "")
        return Page(
            count=_count(attributes["count"]),
            total=_count(total) if total else None,
            remaining=_count(attributes.get("numremaining", "0")),
        )

    def made(self, field_name: str = "RECORDNO") -> str:
        """The key of what was stored: `key` of an older function, else the record's number (intacct 3)."""
        if self.key:
            return self.key
        rows = self.rows()
        return rows[0].get(field_name, "") if len(rows) == 1 else ""


@dataclass(frozen=True)
class Reply:
    """A whole reply. level, errors: where it failed as a whole; None where results say what became of each."""

    control_id: str = ""
    company: str = ""
    location: str = ""
    timeout: str = ""
    level: ErrorLevel | None = None
    errors: tuple[GatewayError, ...] = ()
    results: tuple[Result, ...] = ()


def read(body: bytes) -> Reply:
    """The reply in a body.

    Raises:
        UnreadableXmlError: it is none.
    """
    root = xml.parsed(body)
    if not isinstance(root.tag, str) or root.tag != "response":
        raise UnreadableXmlError("XML that is not a reply of the gateway")
    control = xml.child(root, "control")
    status = xml.words(control, "status")
    control_id = xml.words(control, "controlid")
    operation = xml.child(root, "operation")
    if status != SUCCESS or operation is None:
        if not status and xml.child(root, "errormessage") is None:
            raise UnreadableXmlError("a reply that does not say what became of the request")
        if status == SUCCESS:
            raise UnreadableXmlError("a reply without an operation")
        return Reply(control_id, level=ErrorLevel.CONTROL, errors=tuple(_errors(root)))
    authentication = xml.child(operation, "authentication")
    reply = Reply(
        control_id,
        company=xml.words(authentication, "companyid"),
        location=xml.words(authentication, "locationid"),
        timeout=xml.words(authentication, "sessiontimeout"),
    )
    if xml.words(authentication, "status") != SUCCESS:
        return Reply(control_id, reply.company, level=ErrorLevel.AUTHENTICATION, errors=tuple(_errors(operation)))
    results = tuple(_result(one) for one in xml.children(operation, "result"))
    if not results:
        errors = tuple(_errors(operation))
        if not errors:
            raise UnreadableXmlError("a reply without a result")
        return Reply(control_id, reply.company, level=ErrorLevel.FUNCTION, errors=errors)
    return Reply(control_id, reply.company, reply.location, reply.timeout, results=results)


def _result(element: Element) -> Result:
    return Result(
        status=xml.words(element, "status"),
        function=xml.words(element, "function"),
        control_id=xml.words(element, "controlid"),
        errors=tuple(_errors(element)),
        key=xml.words(element, "key"),
        data=xml.child(element, "data"),
    )


def _errors(element: Element) -> Iterator[GatewayError]:
    for message in xml.children(element, "errormessage"):
        for error in xml.children(message, "error"):
            yield GatewayError(
                number=xml.words(error, "errorno"),
                description=xml.words(error, "description"),
                description2=xml.words(error, "description2"),
                correction=xml.words(error, "correction"),
            )


def row_of(element: Element) -> Iterator[tuple[str, str]]:
    """Fields of a record, nested ones with dots (intacct 3): DISPLAYCONTACT.PRINTAS."""
    for one in xml.elements(element):
        name = one.tag.upper()
        inner = xml.elements(one)
        if inner:
            yield from ((f"{name}.{below}", value) for below, value in row_of(one))
        else:
            yield name, "".join(one.itertext()).strip()


def _count(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 12):
        raise UnreadableXmlError("a list that does not say how long it is")
    return int(value)


def texts(rows: Sequence[Row], name: str) -> list[str]:
    """What a field says in each of these rows."""
    return [row.get(name, "") for row in rows]
