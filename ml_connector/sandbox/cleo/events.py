"""Audit events of the simulated network, newest last (cleo 7: no public shape; this one is assumed)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ml_connector.sandbox.cleo.ids import new_id

KEPT = 200_000
ATTRIBUTES = ("id", "type", "time", "user", "folder", "file.id", "file.name", "file.size")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a file. kind: file.uploaded, file.received, file.downloaded, file.deleted ..."""

    kind: str
    time: datetime
    user: str
    folder: str
    file_id: str
    file_name: str
    file_size: int
    id: str = field(default_factory=new_id)

    def get(self, name: str) -> Any:
        """An attribute by its name in the API."""
        return {
            "id": self.id,
            "type": self.kind,
            "time": stamp(self.time),
            "user": self.user,
            "folder": self.folder,
            "file.id": self.file_id,
            "file.name": self.file_name,
            "file.size": self.file_size,
        }[name]

    def as_resource(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "type": self.kind,
            "time": stamp(self.time),
            "user": self.user,
            "folder": self.folder,
            "file": {"id": self.file_id, "name": self.file_name, "size": self.file_size},
            "meta": {"resourceType": "event"},
            "_links": {"self": {"href": f"/api/events/{self.id}"}},
        }


class EventLog:
    """The latest events."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def add(self, event: Event) -> None:
        self.events.append(event)
        if len(self.events) > KEPT + 1000:
            del self.events[:1000]

    def clear(self) -> None:
        self.events.clear()


def stamp(moment: datetime) -> str:
    """ISO 8601 with Z and milliseconds, as listings show times (cleo 6)."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
