"""Data versions: what Dagster goes by when it calls a partition unsynced.

A day's version is a digest of its documents. Reference data has a fixed one: with a version of its content every new
vendor would turn every old day unsynced, and no old day is to be done again for it; what decided a document stands in
the ledger, the content's hash in metadata.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

import dagster as dg
import sqlalchemy as sa
from dagster._core.definitions.data_version import (
    CODE_VERSION_TAG,
    DATA_VERSION_IS_USER_PROVIDED_TAG,
    DATA_VERSION_TAG,
    DEFAULT_DATA_VERSION,
    NULL_EVENT_POINTER,
    get_input_data_version_tag,
    get_input_event_pointer_tag,
)

from ml_connector.documents.common import DocumentKind
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.tables.documents import document, file

#: Dagster's own word for what is there and was never said to change: also of tables that were not read yet.
FIXED = DEFAULT_DATA_VERSION
#: How a day's versions begin; what releases before recorded is none of them.
OF_DAY = "documents:"
#: Code version of what no run made. Ours have none: a new release does not ask for old days again.
NO_RUN = "none"


@dataclass(frozen=True)
class Rows:
    """Whose rows of the ledger an asset shows: documents of a flow, received ones of some kinds, or else files."""

    flow: str = ""
    kinds: tuple[DocumentKind, ...] = ()


def of_days(tx: Tx, integration: str, rows: Rows, days: Sequence[date]) -> dg.DataVersion:
    """The digest of what is there of these days. A document is told by its identity, a received one by content too."""
    digest = sha256()
    c, f = document.c, file.c
    if rows.flow or rows.kinds:
        columns: list[sa.ColumnElement[str | int]] = [c.id, c.kind, c.number, c.revision]
        wanted = [c.integration == integration, c.partition_date.in_(days)]
        if rows.kinds:
            columns.append(c.content_hash)
            wanted += [c.direction == "in", c.kind.in_([kind.value for kind in rows.kinds])]
        else:
            wanted.append(c.flow == rows.flow)
        query = sa.select(*columns).where(*wanted).order_by(c.id)
    else:
        query = sa.select(f.id, f.sha256).where(
            f.integration == integration, f.direction == "in", f.partition_date.in_(days)
        )
        query = query.order_by(f.id)
    for row in tx.execute(query):
        digest.update("|".join(map(str, row)).encode() + b"\n")
    return dg.DataVersion(OF_DAY + digest.hexdigest()[:16])


def loosely(deps: Iterable[dg.AssetKey]) -> dict[str, str]:
    """Tags of a materialization that keep later events of these dependencies from making it unsynced."""
    return {get_input_event_pointer_tag(dep): NULL_EVENT_POINTER for dep in deps}


def without_a_run(version: dg.DataVersion, deps: Iterable[dg.AssetKey]) -> dict[str, str]:
    """Tags of a materialization that no run made: it is in step with all that its asset depends on."""
    deps = list(deps)
    return {
        CODE_VERSION_TAG: NO_RUN,
        DATA_VERSION_TAG: version.value,
        DATA_VERSION_IS_USER_PROVIDED_TAG: "true",
        **{get_input_data_version_tag(dep): FIXED.value for dep in deps},
        **loosely(deps),
    }
