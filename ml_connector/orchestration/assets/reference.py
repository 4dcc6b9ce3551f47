"""Reference assets of an ERP connection: one a table, unpartitioned, read as pandas frames for preview and schema."""

import types
import typing
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import dagster as dg

from ml_connector import stopping
from ml_connector.config.connections import ConnectionSettings
from ml_connector.config.orchestration import OrchestrationSettings
from ml_connector.documents.common import Record
from ml_connector.documents.records import as_values, fields_of, from_values, names_of
from ml_connector.documents.reference import (
    CostCenter,
    GLAccount,
    Item,
    OpenOrder,
    ReferenceTable,
    VatCode,
    Vendor,
)
from ml_connector.documents.sales.reference import Customer, CustomerLocation, ItemFacts, SalesPrice, SalesTable
from ml_connector.errors import ConnectorError, Stopped, TryAgain
from ml_connector.flows.core.spec import DATA_OWNER, MASTER_DATA, PURCHASE_ORDERS
from ml_connector.orchestration.runtime import metadata
from ml_connector.orchestration.runtime.data_versions import FIXED
from ml_connector.orchestration.runtime.leaving import UNRECORDED
from ml_connector.orchestration.runtime.names import key, kind_of, outside, reference_group, tables_of
from ml_connector.orchestration.runtime.resource import ConnectorResource
from ml_connector.orchestration.runtime.run_settings import RunSettings
from ml_connector.orchestration.runtime.step_runner import LONGEST_REST_SECONDS, REST_SECONDS, RETRY, fail

if TYPE_CHECKING:
    import pandas as pd

    from ml_connector.flows.core.ports import Erp
    from ml_connector.flows.reference.syncing import TableSync
    from ml_connector.ledger.database.store import Ledger
    from ml_connector.ledger.exchange.snapshots import Snapshot

T = TypeVar("T")

PREVIEW_ROWS = 10
#: A table that lost more than this share of its rows at once was probably read wrongly.
COLLAPSE = 0.5

MODELS: dict[str, type[Record]] = {
    ReferenceTable.VENDORS: Vendor,
    ReferenceTable.GL_ACCOUNTS: GLAccount,
    ReferenceTable.COST_CENTERS: CostCenter,
    ReferenceTable.COST_UNITS: CostCenter,
    ReferenceTable.ITEMS: Item,
    ReferenceTable.VAT_CODES: VatCode,
    ReferenceTable.PURCHASE_ORDERS: OpenOrder,
    SalesTable.CUSTOMERS: Customer,
    SalesTable.CUSTOMER_LOCATIONS: CustomerLocation,
    SalesTable.ITEM_FACTS: ItemFacts,
    SalesTable.SALES_PRICES: SalesPrice,
}
_TEXTS: dict[str, str] = {
    ReferenceTable.VENDORS: "Suppliers, with their default account and VAT code.",
    ReferenceTable.GL_ACCOUNTS: "General ledger accounts, and whether they want a cost center.",
    ReferenceTable.COST_CENTERS: "Cost centers and the day they end.",
    ReferenceTable.COST_UNITS: "Cost units.",
    ReferenceTable.ITEMS: "Items that can be purchased, with unit, barcode and account.",
    ReferenceTable.VAT_CODES: "VAT codes, their percentage and whether amounts include it.",
    ReferenceTable.PURCHASE_ORDERS: "Open purchase orders with what was received and invoiced so far.",
    SalesTable.CUSTOMERS: "Customers, with their number for us, currency and terms.",
    SalesTable.CUSTOMER_LOCATIONS: "Places of customers, with the code that each customer has for its own.",
    SalesTable.ITEM_FACTS: "Items with the numbers that customers and others have for them, and their units.",
    SalesTable.SALES_PRICES: "Prices of items by customer, unit, quantity and day.",
}


def text_of(table: str) -> str:
    """What stands in a table; of one that is an ERP's own, its name."""
    return _TEXTS.get(table) or f"{table.replace('_', ' ').capitalize()} of this ERP."


#: Tables that may well hold nothing.
MAY_BE_EMPTY = frozenset(
    {ReferenceTable.PURCHASE_ORDERS, ReferenceTable.COST_CENTERS, ReferenceTable.COST_UNITS, SalesTable.SALES_PRICES}
)


def build_reference_assets(
    name: str, connection: ConnectionSettings, settings: OrchestrationSettings
) -> list[dg.AssetsDefinition]:
    """The reference assets of one ERP connection."""
    return [_asset(name, connection, table, settings) for table in tables_of(connection)]


def _asset(
    name: str, connection: ConnectionSettings, table: str, settings: OrchestrationSettings
) -> dg.AssetsDefinition:
    asset_key = key(name, table)
    source = PURCHASE_ORDERS if table == ReferenceTable.PURCHASE_ORDERS else MASTER_DATA
    stale = timedelta(hours=settings.fresh_hours)

    @dg.asset(
        key=asset_key,
        description=f"{text_of(table)} Versioned in the ledger; every coding decision names the version it used.",
        deps=[outside(name, source.name)],
        group_name=reference_group(name),
        owners=[DATA_OWNER],
        kinds={kind_of(connection), "pandas"},
        tags={"connection": name, "table": table},
        pool=name,
        retry_policy=RETRY,
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=stale, warn_window=stale / 2),
        check_specs=_checks(asset_key),
    )
    def reference_table(
        context: dg.AssetExecutionContext, connector: ConnectorResource, run_settings: RunSettings
    ) -> Iterator[dg.MaterializeResult[Any]]:
        if run_settings.dry_run:
            yield from _looked_at(context, connector, name, table)
        else:
            yield _read(context, connector, name, table)

    return reference_table


def _checks(asset_key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    return [
        dg.AssetCheckSpec("has_rows", asset=asset_key, description="The table is not empty."),
        dg.AssetCheckSpec(
            "kept_its_rows",
            asset=asset_key,
            description="The newest version has at least half of the rows of the one before.",
        ),
    ]


def _asked(
    context: dg.AssetExecutionContext, connector: ConnectorResource, name: str, ask: "Callable[[Ledger, Erp], T]"
) -> T:
    """Ask an ERP, errors as Dagster understands them."""
    try:
        with stopping.undisturbed():
            stopping.check()
            return ask(connector.deployment.ledger, connector.deployment.erp(name))
    except Stopped as error:
        fail(context, error)
    except TryAgain as error:
        wait = min(error.after_seconds or REST_SECONDS, LONGEST_REST_SECONDS)
        raise dg.RetryRequested(max_retries=RETRY.max_retries, seconds_to_wait=wait) from error
    except ConnectorError as error:
        fail(context, error)


def _looked_at(
    context: dg.AssetExecutionContext, connector: ConnectorResource, name: str, table: str
) -> Iterator[dg.MaterializeResult[Any]]:
    """A dry run: what the ERP has is read and told, the stored version stays."""
    from ml_connector.flows.reference.syncing import look_at_table

    looked = _asked(context, connector, name, lambda ledger, erp: look_at_table(ledger, erp, table))
    shown: metadata.Metadata = {
        "mode": "dry run",
        "version": looked.version,
        "dagster/row_count": looked.row_count,
        "rows_read": looked.read,
        "calls": looked.calls,
    }
    context.log_event(dg.AssetObservation(asset_key=key(name, table), metadata=shown))
    answers = [_has_rows(looked.row_count or looked.read, table), kept_its_rows(looked.row_count, looked.before)]
    yield dg.MaterializeResult(asset_key=key(name, table), metadata=UNRECORDED, check_results=answers)


def _read(
    context: dg.AssetExecutionContext, connector: ConnectorResource, name: str, table: str
) -> dg.MaterializeResult[Any]:
    from ml_connector.flows.reference.syncing import sync_table
    from ml_connector.ledger.exchange import snapshots

    deployment = connector.deployment
    synced = _asked(context, connector, name, lambda ledger, erp: sync_table(ledger, erp, table))
    erp = deployment.erp(name)
    with deployment.ledger.read() as tx:
        stored = snapshots.load(tx, name, erp.company, table)
        versions = snapshots.versions(tx, name, erp.company, table, limit=2)
    if stored is None:
        raise RuntimeError(f"{name}/{table}: stored and not found")
    before = versions[1].row_count if len(versions) > 1 else None
    frame = as_frame(stored, table)
    return dg.MaterializeResult(
        metadata=_metadata(frame, stored, synced, table),
        data_version=FIXED,
        check_results=[_has_rows(len(frame), table), kept_its_rows(len(frame), before)],
    )


def as_frame(stored: "Snapshot", table: str) -> "pd.DataFrame":
    """A snapshot as a frame of Python objects: amounts stay Decimal, codes stay text, days stay dates."""
    import pandas as pd

    model = MODELS.get(table)
    if model is None:
        return pd.DataFrame(list(stored.rows), dtype=object)
    rows = [as_values(from_values(model, row)) for row in stored.rows]
    return pd.DataFrame(rows, columns=list(names_of(model)), dtype=object)


def _metadata(frame: "pd.DataFrame", stored: "Snapshot", synced: "TableSync", table: str) -> metadata.Metadata:
    changes = synced.changes
    shown: metadata.Metadata = {
        "dagster/row_count": len(frame),
        **({"dagster/column_schema": column_schema(MODELS[table])} if table in MODELS else {}),
        "version": stored.version,
        "content_hash": stored.digest[:16],
        "taken_at": dg.MetadataValue.timestamp(stored.taken_at),
        "calls": synced.calls,
        "changed": synced.changed,
        **{f"rows_{kind}": int(changes.get(kind, 0)) for kind in ("added", "changed", "removed")},
    }
    if len(frame):
        shown["preview"] = metadata.table(_preview(frame))
    samples = [_change(sample) for sample in changes.get("samples", ())]
    if samples and not changes.get("first"):
        shown["changes"] = metadata.table(samples)
    return shown


def _preview(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    rows = frame.head(PREVIEW_ROWS).to_dict("records")
    return [{str(name): _short(value) for name, value in row.items()} for row in rows]


def _short(value: Any) -> Any:
    return f"{len(value)} lines" if isinstance(value, list | tuple) else value


def _change(sample: dict[str, Any]) -> dict[str, Any]:
    fields = "; ".join(f"{name}: {old} -> {new}" for name, (old, new) in sample.get("fields", {}).items())
    code = sample.get("code") or sample.get("number") or sample.get("id", "")
    return {"change": sample.get("change", ""), "row": code, "fields": fields}


def column_schema(model: type[Record]) -> dg.TableSchema:
    """The columns of a reference table with the types of its records."""
    return dg.TableSchema([dg.TableColumn(name, _type_name(field.type)) for name, field in fields_of(model).items()])


def _type_name(annotation: Any) -> str:
    """Date | None -> date, tuple[OpenOrderLine, ...] -> list of OpenOrderLine."""
    origin = typing.get_origin(annotation)
    arguments = [one for one in typing.get_args(annotation) if one not in (type(None), Ellipsis)]
    if origin in (types.UnionType, typing.Union) and len(arguments) == 1:
        return _type_name(arguments[0])
    if origin is tuple and arguments:
        return f"list of {_type_name(arguments[0])}"
    return str(getattr(annotation, "__name__", annotation)).lower()


def _has_rows(count: int, table: str) -> dg.AssetCheckResult:
    serious = table not in MAY_BE_EMPTY
    return dg.AssetCheckResult(
        check_name="has_rows",
        passed=count > 0 or not serious,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"rows": count},
    )


def kept_its_rows(count: int, before: int | None) -> dg.AssetCheckResult:
    """Whether a table kept at least half of the rows that its version before had (None: there was none)."""
    return dg.AssetCheckResult(
        check_name="kept_its_rows",
        passed=before is None or count >= before * COLLAPSE,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"rows": count, "rows_before": before if before is not None else count},
    )
