"""Links from Dagster to the pages (docs/web.md), where the configuration says where they are."""

from datetime import date
from urllib.parse import urlencode

import dagster as dg

#: Under which name the link stands in metadata.
NAME = "pages"


def documents(
    base: str, integration: str, *, flow: str = "", day: date | None = None
) -> dict[str, dg.UrlMetadataValue]:
    """The list of documents of a flow, of a day. base: the address of the pages; without one there is no link."""
    if not base:
        return {}
    asked = {"integration": integration, "flow": flow, "date": day.isoformat() if day is not None else ""}
    query = urlencode({name: value for name, value in asked.items() if value})
    return {NAME: dg.MetadataValue.url(f"{base.rstrip('/')}/documents?{query}")}
