"""The protocols flows need from the outside: an ERP and a network. `systems` implement them.

Every method may raise the typed errors of `ml_connector.errors`:
TryAgain (nothing happened on the other side), OutcomeUnknown (a write was begun, nobody knows),
RefusedBySystem (understood and refused), AuthorizationNeeded (a person must authorize again).
"""

from ml_connector.flows.core.ports.coding_traits import CodingTraits
from ml_connector.flows.core.ports.erp import (
    BILLS,
    GOODS_RECEIPTS,
    ORDER_CHANGES,
    PURCHASE_ORDERS,
    SALES_INVOICES,
    SALES_ORDERS,
    DocumentSource,
    DocumentTarget,
    Entries,
    Erp,
    ReferenceSource,
    SourceName,
    TargetName,
    source_of,
    table_of,
    target_of,
)
from ml_connector.flows.core.ports.network import ChannelCheck, ChannelUsage, Network, RemoteFile, RemotePage
from ml_connector.flows.core.ports.own_format import OwnFormat
from ml_connector.flows.core.ports.records import (
    Changed,
    Deleted,
    Existing,
    Identity,
    Notices,
    PlannedOperation,
    ReferenceRead,
    SourceOrder,
    SourceRecord,
    Written,
)
from ml_connector.flows.core.ports.traits import ErpTraits
from ml_connector.ledger.work.operation_rows import StoredOperation

__all__ = [
    "BILLS",
    "GOODS_RECEIPTS",
    "ORDER_CHANGES",
    "PURCHASE_ORDERS",
    "SALES_INVOICES",
    "SALES_ORDERS",
    "Changed",
    "ChannelCheck",
    "ChannelUsage",
    "CodingTraits",
    "Deleted",
    "DocumentSource",
    "DocumentTarget",
    "Entries",
    "Erp",
    "ErpTraits",
    "Existing",
    "Identity",
    "Network",
    "Notices",
    "OwnFormat",
    "PlannedOperation",
    "ReferenceRead",
    "ReferenceSource",
    "RemoteFile",
    "RemotePage",
    "SourceName",
    "SourceOrder",
    "SourceRecord",
    "StoredOperation",
    "TargetName",
    "Written",
    "source_of",
    "table_of",
    "target_of",
]
