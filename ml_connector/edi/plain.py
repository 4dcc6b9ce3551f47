"""Values as plain text for the views of documents: decimals, dates, references."""

from datetime import date, time
from decimal import Decimal
from typing import Any

from ml_connector.documents.common import DateReference, Reference
from ml_connector.documents.json import decimal_text

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


def reference(one: Reference) -> Plain:
    """A REF or N9."""
    told = {"qualifier": text_of(one.qualifier), "value": text_of(one.value)}
    return {**told, "description": one.description} if one.description else told


def date_of(one: DateReference) -> Plain:
    """A DTM."""
    return {"qualifier": text_of(one.qualifier), "date": iso(one.day), "time": iso(one.at), "zone": text_of(one.zone)}
