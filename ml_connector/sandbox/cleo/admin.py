"""Administration resources: connections, authenticators, users, actions, certs (cleo 5 and 6), kept small."""

from collections.abc import Collection
from typing import Any

from ml_connector.sandbox.cleo.errors import ApiError
from ml_connector.sandbox.cleo.ids import new_id

COLLECTIONS = ("connections", "authenticators", "users", "actions", "certs")
_RESOURCE_TYPES = {
    "connections": "connection",
    "authenticators": "authenticator",
    "users": "user",
    "actions": "action",
    "certs": "cert",
}
ATTRIBUTES: dict[str, frozenset[str]] = {
    "connections": frozenset({"id", "alias", "type", "active", "ready", "enabled", "meta.resourceType"}),
    "authenticators": frozenset({"id", "alias", "type", "enabled", "meta.resourceType"}),
    "users": frozenset(
        {"id", "username", "email", "enabled", "authenticator.alias", "authenticator.href", "meta.resourceType"}
    ),
    "actions": frozenset(
        {
            "id",
            "alias",
            "type",
            "enabled",
            "running",
            "connection.alias",
            "connection.href",
            "authenticator.alias",
            "authenticator.user.username",
            "meta.resourceType",
        }
    ),
    "certs": frozenset({"id", "alias", "type", "serialNumber", "meta.resourceType"}),
}
_READ_ONLY = frozenset({"id", "active", "editable", "runnable", "ready", "notReadyReason", "meta", "_links"})
#: The name that is unique in each collection; action names are not (cleo 5).
_UNIQUE = {"connections": "alias", "authenticators": "alias", "users": "username", "certs": "serialNumber"}

Resource = dict[str, Any]


class Administration:
    """The resources by collection, and what the next action runs will answer.

    outcome: success, failure or timeout, by action alias; without an entry an action succeeds.
    """

    def __init__(self) -> None:
        self.resources: dict[str, dict[str, Resource]] = {name: {} for name in COLLECTIONS}
        self.outcome: dict[str, str] = {}
        self.runs: list[dict[str, Any]] = []

    def seed(self, partners: Collection[str]) -> None:
        """One authenticator for the mailboxes with a user for each partner, one connection and action each."""
        portal = self.create("authenticators", {"alias": "Partner Mailboxes", "type": "nativeUser"})
        for partner in partners:
            user = {
                "username": partner.lower(),
                "authenticator": {"href": _href(portal), "alias": "Partner Mailboxes"},
            }
            self.create("users", user)
            connection = self.create(
                "connections",
                {
                    "alias": f"{partner} AS2",
                    "type": "as2",
                    "localName": "VOLTWERK",
                    "partnerName": partner,
                    "outgoing": {"storage": {"outbox": f"{partner}/outbox"}},
                    "incoming": {"storage": {"inbox": f"{partner}/inbox"}},
                },
            )
            self.create(
                "actions",
                {
                    "alias": "send",
                    "type": "Commands",
                    "commands": ["PUT -DEL *"],
                    "connection": {"href": _href(connection), "alias": connection["alias"]},
                },
            )

    def create(self, collection: str, body: Resource) -> Resource:
        """Add a resource. Raises ApiError 409 when its name is taken, 400 without a name."""
        key = _UNIQUE.get(collection)
        if key is not None:
            name = body.get(key)
            if not isinstance(name, str) or not name:
                raise ApiError(400, f"{key} is required")
            if any(other.get(key) == name for other in self.resources[collection].values()):
                raise ApiError(409, f"{key} already exists")
        resource_id = new_id()
        href = f"/api/{collection}/{resource_id}"
        resource: Resource = {
            "active": True,
            "editable": True,
            "enabled": True,
            "ready": True,
            **{name: value for name, value in body.items() if name not in _READ_ONLY},
            "id": resource_id,
            "meta": {"resourceType": _RESOURCE_TYPES[collection]},
            "_links": {"self": {"href": href}},
        }
        _link(collection, resource, href)
        self.resources[collection][resource_id] = resource
        return resource

    def get(self, collection: str, resource_id: str) -> Resource:
        """Raises ApiError 404."""
        found = self.resources[collection].get(resource_id)
        if found is None:
            raise ApiError(404, "Resource not found")
        return found

    def replace(self, collection: str, resource_id: str, body: Resource) -> Resource:
        """PUT of the full object: what is left out is gone, read-only properties stay (cleo 6)."""
        old = self.get(collection, resource_id)
        kept = {name: value for name, value in old.items() if name in _READ_ONLY}
        new = {name: value for name, value in body.items() if name not in _READ_ONLY}
        self.resources[collection][resource_id] = {**new, **kept}
        return self.resources[collection][resource_id]

    def delete(self, collection: str, resource_id: str) -> None:
        self.get(collection, resource_id)
        del self.resources[collection][resource_id]

    def run(self, action_id: str, *, messages: int) -> dict[str, Any]:
        """The reply of a run (cleo 6): status, result, messages. `timeout` is answered by the caller's time limit."""
        action = self.get("actions", action_id)
        outcome = self.outcome.get(action["alias"], "success")
        lines = [
            f'2026/11/20 10:15:00 Run: type="Commands" action="{action["alias"]}"',
            f"2026/11/20 10:15:00 End: result={outcome}",
        ]
        status = "running" if outcome == "timeout" else "completed"
        reply = {
            "status": status,
            "result": "" if outcome == "timeout" else outcome,
            "messages": lines[:messages],
        }
        self.runs.append({"action": action_id, "alias": action["alias"], "outcome": outcome})
        return reply


def attribute(resource: Resource, name: str) -> Any:
    """A resource's value by dotted name; None when it has none."""
    value: Any = resource
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _href(resource: Resource) -> str:
    return str(resource["_links"]["self"]["href"])


def _link(collection: str, resource: Resource, href: str) -> None:
    """The further links of a resource (cleo 5: HAL, with the underscore)."""
    if collection == "authenticators":
        resource["_links"]["users"] = {"href": f"{href}/users"}
    elif collection == "users":
        resource["_links"]["authenticator"] = {"href": resource.get("authenticator", {}).get("href", "")}
    elif collection == "actions":
        resource["runnable"] = True
        resource["_links"]["run"] = {"href": f"{href}/run"}
    elif collection == "connections":
        resource["_links"]["actions"] = []
