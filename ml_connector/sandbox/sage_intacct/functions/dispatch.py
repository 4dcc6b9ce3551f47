"""Each call by its name."""

from collections.abc import Callable, Mapping

from ml_connector.sandbox.sage_intacct.functions import attachments, legacy, metadata, query, reads, writes
from ml_connector.sandbox.sage_intacct.functions.call import Call

Function = Callable[[Call], None]

FUNCTIONS: Mapping[str, Function] = {
    "query": query.query,
    "readByQuery": reads.read_by_query,
    "readMore": reads.read_more,
    "read": reads.read,
    "readByName": reads.read_by_name,
    "create": writes.create,
    "update": writes.update,
    "delete": writes.delete,
    "lookup": metadata.lookup,
    "inspect": metadata.inspect,
    "readUserFormatting": metadata.user_formatting,
    "getDimensions": metadata.dimensions,
    "getTransactionsToApprove": metadata.to_approve,
    "getApprovalHistory": metadata.approval_history,
    "approve": legacy.decide,
    "decline": legacy.decide,
    "create_potransaction": legacy.create_transaction,
    "create_sotransaction": legacy.create_transaction,
    "update_potransaction": legacy.update_transaction,
    "partialupdate_potransaction": legacy.update_posting_date,
    "delete_potransaction": legacy.delete_transaction,
    "delete_sotransaction": legacy.delete_transaction,
    "create_bill": legacy.create_bill,
    "create_apadjustment": legacy.create_bill,
    "delete_bill": legacy.delete_bill,
    "delete_apadjustment": legacy.delete_bill,
    "reverse_bill": legacy.reverse_bill,
    "recallApBill": legacy.recall_bill,
    "reverse_appayment": legacy.reverse_payment,
    "create_supdoc": attachments.create,
    "update_supdoc": attachments.update,
    "delete_supdoc": attachments.delete,
    "create_supdocfolder": attachments.create_folder,
    "get": attachments.get,
    "get_list": attachments.get_list,
}
#: Calls that change nothing: no trouble of a write can meet them.
READS = frozenset(
    {
        "query", "readByQuery", "readMore", "read", "readByName", "lookup", "inspect", "readUserFormatting",
        "getDimensions", "getTransactionsToApprove", "getApprovalHistory", "get", "get_list", "getAPISession",
    }
)  # fmt: skip
