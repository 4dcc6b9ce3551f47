"""Files in Cleo's folders, in short words."""

from ml_connector.flows.core.ports import RemoteFile
from ml_connector.sandbox.cleo.files import Filler
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.systems.cleo.mailbox import CleoMailbox
from ml_connector_tests.credentials.sandboxes import Cleo

INBOX, OUTBOX = "/NORTHWIND/inbox", "/NORTHWIND/outbox"


def deliver(cleo: Cleo, name: str, data: bytes | Filler = b"ISA*", **more: int) -> str:
    folder = cleo.state.inbox("NORTHWIND")
    return cleo.sandbox.call(cleo.state.deliver, folder, name, data, **more).id


def stored(cleo: Cleo, path: str = OUTBOX) -> list[tuple[str, bytes]]:
    folder = cleo.state.folders.folder(path)
    return [(file.name, b"".join(file.content.chunks(file.content.size))) for file in folder.files]


def one(cleo: Cleo, network: CleoMailbox, name: str = "a.x12", data: bytes = b"ISA*") -> RemoteFile:
    deliver(cleo, name, data)
    return network.list_files(INBOX, start=0, limit=100).files[-1]


def fault(cleo: Cleo, kind: FaultKind, **more: object) -> None:
    cleo.sandbox.faults.add(Fault(kind, **{"system": "cleo", "path": "/api/f*", **more}))  # type: ignore[arg-type]
