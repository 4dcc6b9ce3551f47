"""The OpenAPI document of a version, from the contract (acumatica 2, 11)."""

from typing import Any

from ml_connector.sandbox.acumatica.wire.contract import Entity, Shape, contract

Document = dict[str, Any]

_VALUES = {
    "String": ("string", None), "Decimal": ("number", "double"), "Boolean": ("boolean", None), "Guid": ("string",
    "uuid"),
    "DateTime": ("string", "date-time"), "Int": ("integer", "int32"), "Short": ("integer", "int32"),
    "Long": ("integer", "int64"), "Byte": ("integer", "int32"), "Double": ("number", "double"),
}  # fmt: skip
_QUERY = ("$select", "$filter", "$expand", "$custom", "$skip", "$top")


def swagger(version: str, root: str) -> Document:
    """Paths, schemas and parameters of every entity."""
    schemas: Document = {f"{kind}Value": _value(kind) for kind in _VALUES}
    schemas |= {"Entity": _base(), "FileLink": _file_link(), "CustomField": {"type": "object"}}
    paths: Document = {}
    for entity in contract(version).values():
        _schema(entity.shape, schemas)
        paths |= _paths(entity, schemas)
    return {
        "openapi": "3.0.1",
        "info": {"title": "Default/" + version, "version": "4"},
        "servers": [{"url": root}],
        "paths": paths,
        "components": {"schemas": schemas, "parameters": _parameters()},
    }


def _value(kind: str) -> Document:
    name, form = _VALUES[kind]
    return {"type": "object", "properties": {"value": {"type": name, **({"format": form} if form else {})}}}


def _base() -> Document:
    return {
        "type": "object",
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "rowNumber": {"type": "integer", "format": "int64"},
            "note": _ref("StringValue"),
            "custom": {"type": "object", "additionalProperties": {"type": "object"}},
            "error": {"type": "string"},
            "files": {"type": "array", "items": _ref("FileLink")},
        },
    }


def _file_link() -> Document:
    names = ("id", "filename", "href", "comment")
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}}


def _ref(name: str, kind: str = "schemas") -> Document:
    return {"$ref": f"#/components/{kind}/{name}"}


def _schema(shape: Shape, schemas: Document) -> None:
    if shape.name in schemas:
        return
    properties: Document = {name: _ref(f"{field.type}Value") for name, field in shape.fields.items()}
    schemas[shape.name] = {"allOf": [_ref("Entity"), {"type": "object", "properties": properties}]}
    for name, inner in shape.linked.items():
        _schema(inner, schemas)
        properties[name] = _ref(inner.name)
    for name, inner in shape.details.items():
        _schema(inner, schemas)
        properties[name] = {"type": "array", "items": _ref(inner.name)}


def _parameters() -> Document:
    asked = {name: {"name": name, "in": "query", "required": False, "schema": {"type": "string"}} for name in _QUERY}
    inside = ("id", "keys", "filename")
    return asked | {
        name: {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in inside
    }


def _operation(entity: Entity, name: str, *parameters: str, returns: Document | None = None, **more: Any) -> Document:
    done: Document = {"204": {"description": "No content"}} if returns is None else {
        "200": {"description": "Success", "content": {"application/json": {"schema": returns}}}
    }  # fmt: skip
    return {
        "tags": [entity.name],
        "operationId": f"{entity.name}_{name}",
        "parameters": [_ref(one, "parameters") for one in parameters],
        "responses": done,
        **more,
    }


def _body(schema: Document, kind: str = "application/json") -> Document:
    return {"required": True, "content": {kind: {"schema": schema}}}


def _paths(entity: Entity, schemas: Document) -> Document:
    name, one = entity.name, _ref(entity.name)
    put = _operation(entity, "PutEntity", *_QUERY[:4], returns=one, requestBody=_body(one))
    if entity.is_inquiry:
        return {
            f"/{name}": {"put": put},
            f"/{name}/$adHocSchema": {"get": _operation(entity, "GetAdHocSchema", returns=one)},
        }
    binary = _body({"type": "string", "format": "binary"}, "application/octet-stream")
    paths: Document = {
        f"/{name}": {
            "get": _operation(entity, "GetList", *_QUERY, returns={"type": "array", "items": one}),
            "put": put,
        },
        f"/{name}/{{id}}": {
            "get": _operation(entity, "GetById", "id", *_QUERY[:4], returns=one),
            "delete": _operation(entity, "DeleteById", "id"),
        },
        f"/{name}/{{keys}}": {
            "get": _operation(entity, "GetByKeys", "keys", *_QUERY[:4], returns=one),
            "delete": _operation(entity, "DeleteByKeys", "keys"),
        },
        f"/{name}/{{keys}}/files/{{filename}}": {
            "put": _operation(entity, "PutFile", "keys", "filename", requestBody=binary)
        },
        f"/{name}/$adHocSchema": {"get": _operation(entity, "GetAdHocSchema", returns=one)},
    }
    for action, parameters in entity.actions.items():
        schemas[action] = _action(name, parameters)
        paths[f"/{name}/{action}"] = {
            "post": _operation(entity, f"InvokeAction_{action}", requestBody=_body(_ref(action)))
        }
    return paths


def _action(entity: str, parameters: Any) -> Document:
    inside: Document = {name: _ref(f"{kind}Value") for name, kind in parameters.items()}
    properties: Document = {"entity": _ref(entity)}
    if inside:
        properties["parameters"] = {"type": "object", "properties": inside}
    return {"type": "object", "required": ["entity"], "properties": properties}
