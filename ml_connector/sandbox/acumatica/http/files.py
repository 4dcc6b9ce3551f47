"""Attachments: put to the link that a record names, or to its older form; read by their id (acumatica 5)."""

from urllib.parse import quote

from starlette.responses import Response

from ml_connector.sandbox.acumatica.books.tenant import Tenant
from ml_connector.sandbox.acumatica.http.call import empty_response
from ml_connector.sandbox.acumatica.wire.errors import no_entity, not_found, unreadable
from ml_connector.sandbox.acumatica.wire.record import Record, StoredFile

MAX_COMMENT = 500


def put_file(tenant: Tenant, root: str, owner: str, name: str, data: bytes, comment: str) -> Response:
    """204 with the file's place; of the same name again: a new version, its comment emptied unless sent again."""
    if len(comment) > MAX_COMMENT:
        raise unreadable("The comment is longer than 500 characters.")
    rows = _owners(tenant, owner)
    if not rows:
        raise no_entity()
    return attach(tenant, root, rows, name, data, comment)


def attach(tenant: Tenant, root: str, rows: list[Record], name: str, data: bytes, comment: str) -> Response:
    """Store the bytes; `rows` are the views of one record."""
    identity = tenant.attach(rows[0], name, data)
    for row in rows:
        row.files = [file for file in row.files if file.id != identity] + [StoredFile(identity, name, comment)]
    tenant.wrote("file", {"id": identity, "owner": rows[0].id, "name": name, "size": len(data), "comment": comment})
    return empty_response({"Location": quote(f"{root}/files/{identity}")})


def get_file(tenant: Tenant, identity: str) -> Response:
    """The bytes of the newest version."""
    versions = tenant.contents.get(identity.casefold())
    if not versions:
        raise not_found("The file is not found.")
    newest = versions[-1]
    disposition = f"attachment; filename*=UTF-8''{quote(newest.name)}"
    return Response(newest.data, media_type="application/octet-stream", headers={"Content-Disposition": disposition})


def _owners(tenant: Tenant, identity: str) -> list[Record]:
    """The record of that id in every entity that shows it; else the line of that id."""
    found = [row for table in tenant.tables.values() if (row := table.by_id(identity)) is not None]
    if found:
        return found
    lines = (line for table in tenant.tables.values() for row in table for each in row.lines.values() for line in each)
    return [line for line in lines if line.id == identity.casefold()]
