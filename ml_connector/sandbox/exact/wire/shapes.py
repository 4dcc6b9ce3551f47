"""Answers: entities with their __metadata, collections in their two shapes, Atom for those who ask for no JSON."""

from collections.abc import Iterable
from typing import Any
from xml.sax.saxutils import escape

from ml_connector.sandbox.exact.wire.company import Company
from ml_connector.sandbox.exact.wire.entities import ENTITIES, Entity
from ml_connector.sandbox.exact.wire.query import Page, Query, next_url
from ml_connector.sandbox.exact.wire.wire import Row, render

_EVERYTHING = Query()


def entity_uri(root: str, entity: Entity, key: Any) -> str:
    """The address of one row; `root` is scheme://host/api/v1/division."""
    literal = f"guid'{key}'" if entity.key_type == "Guid" else (f"{key}L" if entity.key_type == "Int64" else key)
    return f"{root}/{entity.path}({literal})"


def one(entity: Entity, row: Row, root: str, company: Company | None, query: Query = _EVERYTHING) -> Row:
    """The JSON object of a row: __metadata first, then properties in metadata order (exact-online 4.2)."""
    uri = entity_uri(root, entity, row[entity.key])
    answer: Row = {"__metadata": {"uri": uri, "type": entity.model}}
    select = query.select
    for name, field in entity.fields.items():
        if select is not None and name not in select:
            continue
        if field.type == "Guids":
            answer[name] = row.get(name)
        elif not field.collection:
            answer[name] = render(field, row.get(name))
        elif name in query.expand and company is not None:
            answer[name] = {"results": _children(entity, name, row, root, company, query)}
        else:
            answer[name] = {"__deferred": {"uri": f"{uri}/{name}"}}
    return answer


def _children(entity: Entity, name: str, row: Row, root: str, company: Company, query: Query) -> list[Row]:
    child = entity.child(name)
    if child is None:
        return []
    path, header = child
    lines = company.table(path).where(header, row[entity.key])
    lines.sort(key=lambda line: line.get("LineNumber") or 0)
    inner = Query(select=query.nested.get(name))
    return [one(ENTITIES[path], line, root, company, inner) for line in lines]


def sparse(entity: Entity, row: Row, root: str, sent: Iterable[str]) -> Row:
    """The echo of a plain POST to Accounts or Items: the key, false and 0 defaults, null for the rest."""
    kept: Row = {entity.key: row[entity.key]}
    for name, field in entity.fields.items():
        if field.type in {"Boolean", "Byte"} and name not in sent and not row.get(name):
            kept[name] = row.get(name)
    return one(entity, kept, root, None)


def collection(entity: Entity, page: Page, root: str, here: str, company: Company | None, query: Query) -> Row:
    """The body of a list: bare or with results, __count and __next."""
    results = [one(entity, row, root, company, query) for row in page.rows]
    if page.bare:
        return {"d": results}
    body: Row = {"results": results}
    if page.count is not None:
        body["__count"] = str(page.count)
    if page.following is not None:
        body["__next"] = next_url(here, page.following)
    return {"d": body}


def atom(entity: Entity, page: Page, root: str) -> bytes:
    """A minimal Atom feed: what a client gets that forgot Accept: application/json (exact-online 4.1)."""
    entries = "".join(
        f"<entry><id>{escape(entity_uri(root, entity, row[entity.key]))}</id></entry>" for row in page.rows
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom">'
        f"<title>{escape(entity.path)}</title>{entries}</feed>"
    ).encode()


def metadata(service: str) -> bytes | None:
    """A minimal $metadata document of a service: types, keys, properties."""
    types: list[str] = []
    sets: list[str] = []
    for entity in ENTITIES.values():
        group, _, name = entity.path.rpartition("/")
        if group.lower() != service.lower():
            continue
        short = entity.model.rpartition(".")[2]
        properties = "".join(
            f'<Property Name="{field.name}" Type="Edm.{field.type}"/>'
            for field in entity.fields.values()
            if not field.collection and field.type != "Guids"
        )
        types.append(
            f'<EntityType Name="{short}"><Key><PropertyRef Name="{entity.key}"/></Key>{properties}</EntityType>'
        )
        sets.append(f'<EntitySet Name="{name}" EntityType="{entity.model}"/>')
    if not types:
        return None
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx">'
        '<edmx:DataServices><Schema Namespace="Exact.Web.Api.Models" '
        'xmlns="http://schemas.microsoft.com/ado/2008/09/edm">'
        f'{"".join(types)}<EntityContainer Name="Exact">{"".join(sets)}</EntityContainer>'
        "</Schema></edmx:DataServices></edmx:Edmx>"
    ).encode()
