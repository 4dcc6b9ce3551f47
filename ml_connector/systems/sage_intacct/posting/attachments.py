"""The original of an invoice: an attachment that is made before the record that names it (intacct 7).

Its id is made of the document's key, so that it is known before it is there; made twice, the second is refused.
"""

import base64
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256

from ml_connector.documents.erp_postings import Bill
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.ports import PlannedOperation, StoredOperation, Written
from ml_connector.systems.sage_intacct.settings import IntacctConnection
from ml_connector.systems.sage_intacct.wire import xml
from ml_connector.systems.sage_intacct.wire.client import AlreadyRecorded, Gateway
from ml_connector.systems.sage_intacct.wire.control_ids import control_id
from ml_connector.systems.sage_intacct.wire.values import body_of, to_json

KIND = "attachment"
OBJECT = "SUPDOC"
#: Characters of an attachment's id and of a file's name (assumed).
_ID, _NAME = 16, 80


def attachment_of(bill: Bill, key: str, settings: IntacctConnection) -> tuple[str, PlannedOperation] | None:
    """The id of a bill's original, and the write that puts it there; None where it has none.

    Raises:
        NeedsCorrection: no folder is named for it.
    """
    if not (bill.attach_original and bill.attachment_sha256):
        return None
    if not settings.attachments_folder:
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"Invoice {bill.number} is to carry its original, and no folder is named for it.",
            remedy="Name a folder of Sage Intacct's attachments as attachments_folder of the connection, or turn"
            " attach_original off; then replay the invoice.",
        )
    name, extension = file_name(bill.attachment_name or f"{bill.number}.x12")
    digest = sha256(f"{settings.company}/{key}/{bill.attachment_sha256}".encode()).hexdigest()
    identity = f"EDI{digest[: _ID - 3]}".upper()
    payload = {
        "id": identity,
        "folder": settings.attachments_folder,
        "name": name,
        "extension": extension,
        "sha256": bill.attachment_sha256,
        "control_id": control_id(
            f"{settings.company}/{key}", OBJECT, f"{identity}/{settings.attachments_folder}/{name}"
        ),
    }
    return identity, PlannedOperation(KIND, f"{settings.company}/{OBJECT}", to_json(payload), ref="original")


def file_name(name: str) -> tuple[str, str]:
    """A partner's file name as a plain one and its extension: no folders, nothing odd, not too long."""
    last = re.split(r"[\\/]", xml.stripped(name))[-1]
    plain = "".join(c if c.isprintable() and c not in '<>:"|?*{}#%&' else "_" for c in last).strip(" .")
    stem, dot, extension = plain.rpartition(".")
    if not dot or not stem or not extension.isalnum() or len(extension) > 10:
        return plain[:_NAME] or "original", "x12"
    return stem[:_NAME], extension


class Attachments:
    """Makes attachments, and looks whether they are there. read_blob: stored bytes by their SHA-256."""

    def __init__(self, gateway: Gateway, read_blob: Callable[[str], bytes]) -> None:
        self._gateway = gateway
        self._read_blob = read_blob

    def write(self, operation: StoredOperation) -> Written:
        """Put it there; one that was put there before is there.

        Raises:
            RefusedBySystem: nothing was written. OutcomeUnknown, TryAgain: as ever.
        """
        body = body_of(operation.payload)
        data = base64.b64encode(self._read_blob(body["sha256"])).decode("ascii")
        file = [
            ("attachmentname", body["name"]),
            ("attachmenttype", body["extension"]),
            ("attachmentdata", data),
        ]
        call = xml.built(
            "create_supdoc",
            [
                ("supdocid", body["id"]),
                ("supdocname", body["id"]),
                ("supdocfoldername", body["folder"]),
                ("supdocdescription", body["name"]),
                ("attachments", [("attachment", file)]),
            ],
        )
        with suppress(AlreadyRecorded):
            self._gateway.do(call, f"create_supdoc {body['id']}", body["control_id"])
        return _written(body["id"], body["name"])

    def written(self, operations: Sequence[StoredOperation]) -> dict[int, Written]:
        """Which of these are there."""
        found: dict[int, Written] = {}
        for operation in operations:
            body = body_of(operation.payload)
            asked = xml.built("get", [], {"object": "supdoc", "key": body["id"]})
            result = self._gateway.ask(asked, f"get supdoc {body['id']}")
            if any(row.get("SUPDOCID") == body["id"] for row in result.rows()):
                found[operation.id] = _written(body["id"], body["name"])
        return found


def _written(identity: str, name: str) -> Written:
    return Written(identity, {"file": name})
