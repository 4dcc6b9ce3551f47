"""The original of an invoice at its bill: bytes under a link that the record itself gives (acumatica 4, 5).

The same name again is a new version of that file: done twice, it is there once.
"""

import re
from collections.abc import Callable, Sequence
from urllib.parse import quote

from ml_connector.errors import RefusedBySystem
from ml_connector.flows.core.ports import PlannedOperation, StoredOperation, Written
from ml_connector.systems.acumatica.wire.client import AcumaticaClient, Query
from ml_connector.systems.acumatica.wire.values import Row, body_of, identity, to_json

KIND = "ap_bill_file"
_LONGEST_NAME = 100
_QUERY = Query(select=("ReferenceNbr",), expand=("files",))


def attachment_of(target: str, name: str, sha256: str) -> PlannedOperation:
    """The file of what the first operation of the document writes."""
    payload = {"record": {"id": ""}, "name": safe_file_name(name), "sha256": sha256}
    return PlannedOperation(KIND, target, to_json(payload), uses={"record.id": 0}, ref="original", shares=True)


def safe_file_name(name: str) -> str:
    """A partner's file name as a plain name: no folders, no control characters, not too long."""
    last = re.split(r"[\\/]", name)[-1]
    plain = "".join(c if c.isprintable() and c not in '<>:"|?*{}#%&' else "_" for c in last).strip(" .")
    return plain[-_LONGEST_NAME:] or "original.x12"


class Attachments:
    """Puts files to records, and looks whether they are there. read_blob: stored bytes by their SHA-256."""

    def __init__(self, client: AcumaticaClient, read_blob: Callable[[str], bytes]) -> None:
        self._client = client
        self._read_blob = read_blob

    def write(self, operation: StoredOperation) -> Written:
        """Put the file, where it is not there yet.

        Raises:
            RefusedBySystem: the record is gone, or takes no files. OutcomeUnknown, TryAgain: as ever.
        """
        planned = body_of(operation.payload)
        record_id, name = str(planned["record"]["id"]), str(planned["name"])
        entity = operation.target.rpartition("/")[2]
        row = self._client.record(entity, record_id, _QUERY)
        place = f"{self._client.connection}: {entity} {record_id}"
        if row is None:
            raise RefusedBySystem(f"{place} is not there any more.", remedy="Somebody has deleted it: discard this.")
        if _has(row, name):
            return _written(row, name)
        links = row.get("_links")
        link = links.get("files:put") if isinstance(links, dict) else None
        if not isinstance(link, str) or "{filename}" not in link or not link.startswith("/"):
            raise RefusedBySystem(f"{place} tells no link for files.", remedy="Turn attach_original off.")
        self._client.put_file(
            entity, link.replace("{filename}", quote(name, safe="")), self._read_blob(planned["sha256"])
        )
        return _written(row, name)

    def written(self, operations: Sequence[StoredOperation]) -> dict[int, Written]:
        """Which of these files are there."""
        found: dict[int, Written] = {}
        for operation in operations:
            planned = body_of(operation.payload)
            record_id = str(planned["record"]["id"])
            row = self._client.record(operation.target.rpartition("/")[2], record_id, _QUERY) if record_id else None
            if row is not None and _has(row, str(planned["name"])):
                found[operation.id] = _written(row, str(planned["name"]))
        return found


def _has(row: Row, name: str) -> bool:
    """Names come with the record's in front on some sites: `Bills (001201)\\\\a.edi`."""
    files = row.get("files")
    names = [str(one.get("filename", "")) for one in files if isinstance(one, dict)] if isinstance(files, list) else []
    return any(re.split(r"[\\/]", one)[-1].casefold() == name.casefold() for one in names)


def _written(row: Row, name: str) -> Written:
    return Written(f"{identity(row)}/{name}"[:200], {"file": name})
