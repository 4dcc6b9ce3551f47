"""What every screen does with what is put into it. A `Form` is one screen; its rules are in the other modules here."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ml_connector.sandbox.acumatica.books.tenant import Work
from ml_connector.sandbox.acumatica.wire.errors import FieldError
from ml_connector.sandbox.acumatica.wire.record import Record, record
from ml_connector.sandbox.acumatica.wire.values import Value

#: What an action gets: the work, the stored record, its parameters as plain values.
Action = Callable[[Work, Record, Mapping[str, Value]], None]


class Form:
    """A screen without rules: what is sent is kept. Screens with rules override what they need."""

    entity = ""
    number: str | None = None  # the key that is numbered by itself
    prefix = ""
    sequence = ""  # of the numbers; else one of its own for each type
    defaults: ClassVar[Mapping[str, Value]] = {}
    #: Drop-down fields: the values they take, and the internal codes that are taken for them (acumatica 7).
    lists: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    #: Never set from outside: the screen computes them.
    computed: frozenset[str] = frozenset()
    #: Labels of fields and collections in error texts, where they are not the field's own words.
    labels: ClassVar[Mapping[str, str]] = {}
    view = "Document"
    keeps_own_number = False  # of a key that is numbered only when none is sent

    @property
    def actions(self) -> Mapping[str, Action]:
        return {}

    def begin(self, work: Work, row: Record) -> None:
        """Defaults of a new record."""
        for name, value in self.defaults.items():
            row.values.setdefault(name, value)

    def enabled(self, work: Work, row: Record, name: str) -> bool:
        """Whether the screen lets this field of the header be changed; else what is sent is dropped."""
        return name not in self.computed

    def line_enabled(self, work: Work, row: Record, line: Record | None, name: str) -> bool:
        """The same for a field of a line; line None: whether lines may be added or removed."""
        return True

    def set(self, work: Work, row: Record, name: str, value: Value) -> None:
        """Take a value into the header. Raises FieldError for what the screen refuses."""
        row.values[name] = self.listed(name, value)

    def listed(self, name: str, value: Value) -> Value:
        """The display value of a drop-down field."""
        choices = self.lists.get(name)
        if choices is None or value is None:
            return value
        for shown, code in choices.items():
            if str(value).casefold() in {shown.casefold(), code.casefold()}:
                return shown
        raise FieldError(f"The value '{value}' is not in the list of {self.label(name)}.")

    def add_line(self, work: Work, row: Record, collection: str, sent: Mapping[str, Value]) -> list[Record]:
        """The new lines that a sent one makes: one, unless the screen knows better."""
        line = record()
        row.details(collection).append(line)
        return [line]

    def set_line(self, work: Work, row: Record, collection: str, line: Record, name: str, value: Value) -> None:
        """Take a value into a line. Raises FieldError for what the screen refuses."""
        line.values[name] = value

    def complete(self, work: Work, before: Record | None, row: Record) -> None:
        """Compute and check before saving; what is refused is written into the draft."""

    def finish(self, work: Work, before: Record | None, row: Record, hold: bool | None) -> None:
        """Press Hold or Remove Hold, as `Hold` in the body asks, after the other values (acumatica 8.1)."""

    def saved(self, work: Work, before: Record | None, row: Record) -> None:
        """What saving does to other records."""

    def may_delete(self, work: Work, row: Record) -> None:
        """Raises ApiError when the record must stay."""

    def deleted(self, work: Work, row: Record) -> None:
        """What deleting does to other records."""

    def facts(self, row: Record) -> dict[str, Any]:
        """What the journal keeps of a saved record."""
        names = ("Type", "OrderType", "ReferenceNbr", "OrderNbr", "ReceiptNbr", "ShipmentNbr", "VendorID", "Vendor")
        more = ("CustomerID", "Customer", "LocationID", "VendorRef", "CustomerOrder", "Status", "Amount", "OrderTotal")
        return {name: str(row.get(name)) for name in (*names, *more) if row.get(name) is not None}

    def label(self, name: str) -> str:
        """The field as the screen calls it."""
        return self.labels.get(name, spaced(name))


def spaced(name: str) -> str:
    """`PostPeriod` as "Post Period"."""
    text = "".join(
        f" {letter}" if letter.isupper() and at and not name[at - 1].isupper() else letter
        for at, letter in enumerate(name)
    )
    return text.removesuffix(" ID").removesuffix("ID").strip() or name


def cannot_be_empty(label: str) -> str:
    return f"'{label}' cannot be empty."


def cannot_be_found(label: str) -> str:
    return f"'{label}' cannot be found in the system."


def no_such(label: str, value: Value) -> str:
    """The text at a field whose value names nothing."""
    return f"{label} '{value}' cannot be found in the system."


def codes(*shown: str, **coded: str) -> Mapping[str, str]:
    """A drop-down's values; those given as Shown="CODE" are also taken by their code."""
    return {**{one: one for one in shown}, **coded}
