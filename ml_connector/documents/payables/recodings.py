"""Another coding of a booking that stands: what somebody decided of accounts and dimensions after it was entered."""

from ml_connector.documents.common import DocumentPart


class RecodedLine(DocumentPart):
    """One line whose coding is another. id, account_id: the ERP's own; was_...: what it is written over."""

    id: str
    number: int
    account_id: str
    account: str
    cost_center: str = ""
    cost_unit: str = ""
    was_account_id: str = ""
    was_account: str = ""
    was_cost_center: str = ""
    was_cost_unit: str = ""


class Recoding(DocumentPart):
    """Lines of one booking. recodes: the ERP's id of the booking."""

    recodes: str
    lines: tuple[RecodedLine, ...]
