"""Documents and their files (exact-online 10.3 c): writing the stored bytes, and finding them again."""

import base64
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from ml_connector.errors import WeAreWrong
from ml_connector.flows.core.ports import StoredOperation, Written
from ml_connector.systems.exact_online.wire.client import ExactClient
from ml_connector.systems.exact_online.wire.entities import ATTACHMENT, DOCUMENT, written
from ml_connector.systems.exact_online.wire.filters import all_of, any_of, equals
from ml_connector.systems.exact_online.wire.odata_literals import guid, guid_literal, text_literal, to_json


def with_bytes(payload: str, read_blob: Callable[[str], bytes]) -> str:
    """The payload of an attachment with the bytes that its hash names: what is stored decides what is sent.

    Raises:
        WeAreWrong: the payload names no bytes.
    """
    body: dict[str, Any] = json.loads(payload, parse_float=Decimal)
    named = body.get("Attachment")
    if not isinstance(named, dict) or not isinstance(named.get("sha256"), str):
        raise WeAreWrong("a stored attachment names no bytes")
    body["Attachment"] = base64.b64encode(read_blob(named["sha256"])).decode("ascii")
    return to_json(body)


class AttachmentFinder:
    """Documents by subject (which ends with our key) and account; files by document and name."""

    def __init__(self, client: ExactClient) -> None:
        self._client = client

    def documents(self, operations: Sequence[StoredOperation]) -> dict[int, Written]:
        return {number: found[0] for number, found in self.document_copies(operations).items()}

    def document_copies(self, operations: Sequence[StoredOperation]) -> dict[int, list[Written]]:
        wanted = {str(json.loads(op.payload)["Subject"]): op.id for op in operations}
        found: dict[int, list[Written]] = {}
        for rows in self._client.rows_matching(
            DOCUMENT.endpoint,
            {"$select": "ID,HID,Subject"},
            sorted(wanted),
            lambda subjects: any_of([equals("Subject", text_literal(s)) for s in subjects]),
        ):
            for row in rows:
                if row.get("Subject") in wanted:
                    there = written(DOCUMENT, row, found_in=DOCUMENT.endpoint)
                    found.setdefault(wanted[row["Subject"]], []).append(there)
        return found

    def files(self, operations: Sequence[StoredOperation]) -> dict[int, Written]:
        return {number: found[0] for number, found in self.file_copies(operations).items()}

    def file_copies(self, operations: Sequence[StoredOperation]) -> dict[int, list[Written]]:
        bodies = {op.id: json.loads(op.payload) for op in operations}
        wanted = {(guid(b["Document"]), str(b["FileName"])): op_id for op_id, b in bodies.items() if b.get("Document")}
        found: dict[int, list[Written]] = {}
        for rows in self._client.rows_matching(
            ATTACHMENT.endpoint, {"$select": "ID,Document,FileName,FileSize"}, sorted(wanted), _file_condition
        ):
            for row in rows:
                op_id = wanted.get((guid(row.get("Document")), str(row.get("FileName"))))
                if op_id is not None:
                    found.setdefault(op_id, []).append(written(ATTACHMENT, row, found_in=ATTACHMENT.endpoint))
        return found


def _file_condition(files: Sequence[tuple[str, str]]) -> str:
    return any_of(
        [
            "(" + all_of([equals("Document", guid_literal(doc)), equals("FileName", text_literal(name))]) + ")"
            for doc, name in files
        ]
    )
