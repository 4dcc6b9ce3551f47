"""A reference table as a consumer is told it: whole, or what changed since the version that it has."""

from enum import StrEnum

from ml_connector.documents.common import DocumentPart


class Scope(StrEnum):
    """Whether a file holds a table or what changed of it."""

    WHOLE = "whole"
    CHANGES = "changes"


class Change(StrEnum):
    """What became of a row; a row of a whole table says nothing."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class RowValue(DocumentPart):
    """A field of a row by its name, as text."""

    name: str
    value: str = ""


class TableRow(DocumentPart):
    """A row. One that was removed has the values that it had."""

    code: str
    change: str = ""
    values: tuple[RowValue, ...] = ()


class ReferenceData(DocumentPart):
    """`number` is the name of the table. version: of the table here; since: the version that the consumer has by then.

    fields: names of the values that may leave.
    """

    number: str
    scope: str = ""
    version: int
    since: int = 0
    fields: tuple[str, ...] = ()
    rows: tuple[TableRow, ...] = ()
