"""Values as plain text for the views of documents: decimals, dates, references."""

from datetime import date, time
from decimal import Decimal
from typing import Any

from ml_connector.documents.common import DateReference, Reference
from ml_connector.documents.values.decimals import decimal_text

Plain = dict[str, Any]


def text_of(value: Any) -> str | None:
    """Text; None for nothing."""
    return str(value) if value not in {None, ""} else None


def number(value: Decimal | int | None) -> str | None:
    """Plain decimal text."""
    return None if value is None else decimal_text(Decimal(value))


def iso(value: date | time | None) -> str | None:
    """ISO 8601."""
    return None if value is None else value.isoformat()


def plain(value: Any) -> Any:
    """A field's value: text, decimals and dates as above, counts and flags as they are."""
    if isinstance(value, str):
        return text_of(value)
    if isinstance(value, Decimal):
        return number(value)
    return iso(value) if isinstance(value, date | time) else value


def fields_of(record: Any, *names: str) -> Plain:
    """The fields of a record by these names, in this order; "type=kind" tells the field `kind` as "type"."""
    pairs = [name.partition("=") for name in names]
    return {told: plain(getattr(record, field or told)) for told, _, field in pairs}


def reference(one: Reference) -> Plain:
    """A REF or N9."""
    told = fields_of(one, "qualifier", "value")
    return {**told, "description": one.description} if one.description else told


def date_of(one: DateReference) -> Plain:
    """A DTM."""
    return fields_of(one, "qualifier", "date=day", "time=at", "zone")
