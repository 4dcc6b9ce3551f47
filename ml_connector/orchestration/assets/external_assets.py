"""What other systems keep, as external assets at both ends of the graph."""

from collections.abc import Mapping, Sequence

import dagster as dg

from ml_connector.config.connections import ConnectionSettings
from ml_connector.orchestration.runtime.names import DATA_OWNER, OUTSIDE, kind_of, outside

MASTER_DATA = "master_data"
PURCHASE_ORDERS = "purchase_orders"
PURCHASE_INVOICES = "purchase_invoices"
GOODS_RECEIPTS = "goods_receipts"
FILES_FROM_PARTNERS = "files_from_partners"
FILES_TO_PARTNERS = "files_to_partners"

_OF_ERP = {
    MASTER_DATA: "Suppliers, accounts, cost centers, items and VAT codes as people keep them in the ERP.",
    PURCHASE_ORDERS: "Purchase orders in the ERP, made and changed by buyers.",
    PURCHASE_INVOICES: "Purchase invoices in the ERP's books.",
    GOODS_RECEIPTS: "Goods receipts in the ERP.",
}
_OF_NETWORK = {
    FILES_FROM_PARTNERS: "Files that partners left in the network's folders for us.",
    FILES_TO_PARTNERS: "Files in the network's folders that partners take away.",
}

Dependencies = Mapping[dg.AssetKey, Sequence[dg.AssetKey]]


def erp_assets(name: str, connection: ConnectionSettings, deps: Dependencies) -> list[dg.AssetSpec]:
    return [_spec(name, connection, what, text, deps) for what, text in _OF_ERP.items()]


def network_assets(name: str, connection: ConnectionSettings, deps: Dependencies) -> list[dg.AssetSpec]:
    return [_spec(name, connection, what, text, deps) for what, text in _OF_NETWORK.items()]


def _spec(name: str, connection: ConnectionSettings, what: str, text: str, deps: Dependencies) -> dg.AssetSpec:
    key = outside(name, what)
    return dg.AssetSpec(
        key,
        deps=list(deps.get(key, ())),
        description=text,
        group_name=OUTSIDE,
        kinds={kind_of(connection)},
        owners=[DATA_OWNER],
        tags={"connection": name},
    )
