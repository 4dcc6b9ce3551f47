"""The assets of what comes in: files, parsed documents, invoices, receipts, acknowledgments, and our 997s."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from ml_connector.documents.common import DocumentKind
from ml_connector.documents.reference import ReferenceTable as T
from ml_connector.flows.acknowledgments_in import acknowledgments
from ml_connector.flows.core.flow_names import ANSWERS_FLOW
from ml_connector.flows.core.integration import Integration, StepReport, Work
from ml_connector.flows.inbound import parsing, receiving
from ml_connector.flows.invoices_in import invoices
from ml_connector.flows.invoices_in.bills import BILLS
from ml_connector.flows.outbound import rendering, sending
from ml_connector.flows.posting import posting
from ml_connector.flows.shipments_in import shipments
from ml_connector.flows.shipments_in.goods_receipts import RECEIPTS
from ml_connector.orchestration.assets import external_assets
from ml_connector.orchestration.assets.asset_factory import DocumentAsset, Step, build
from ml_connector.orchestration.runtime import ledger_metrics, metadata
from ml_connector.orchestration.runtime.checks import results
from ml_connector.orchestration.runtime.concurrent_run import Together
from ml_connector.orchestration.runtime.integration_context import Scene, for_flow, with_tables
from ml_connector.orchestration.runtime.names import INBOUND, PAYABLES_OWNER, PURCHASING_OWNER, outside
from ml_connector.orchestration.runtime.partitions import days
from ml_connector.orchestration.runtime.resource import ConnectorResource
from ml_connector.orchestration.runtime.run_settings import RunSettings
from ml_connector.orchestration.runtime.step_runner import RETRY, carry_out

X12 = "x12"

#: Parsed documents: asset name -> kinds of documents, what they are.
PARSED = {
    "invoices_810": ((DocumentKind.INVOICE,), "Invoices (810) as parsed, whole."),
    "ship_notices_856": ((DocumentKind.SHIP_NOTICE,), "Ship notices (856) as parsed."),
    "order_acknowledgments_855": (
        (
            DocumentKind.ORDER_ACKNOWLEDGMENT,
            DocumentKind.CHANGE_ACKNOWLEDGMENT,
            DocumentKind.APPLICATION_ADVICE,
        ),
        "Order acknowledgments (855, 865) and application advices (824) as parsed.",
    ),
    "functional_acknowledgments_997": (
        (DocumentKind.FUNCTIONAL_ACKNOWLEDGMENT, DocumentKind.INTERCHANGE_ACKNOWLEDGMENT),
        "Functional and interchange acknowledgments (997, TA1) as parsed.",
    ),
}

#: Applied acknowledgments: asset name -> the parsed asset it comes from, what it is.
APPLIED = {
    "order_confirmations": (
        "order_acknowledgments_855",
        "Suppliers' answers to orders, recorded against the order; by setting, agreed changes are written to it.",
    ),
    "acknowledged_orders": (
        "functional_acknowledgments_997",
        "What partners' 997s said of the orders we sent: acknowledged or refused.",
    ),
}


def build_inbound(scene: Scene) -> list[dg.AssetsDefinition]:
    """The inbound assets of the flows that are switched on."""
    flows = scene.settings.flows
    together = Together()
    assets = [build(received_files(scene, together)), parsed_documents(scene, together)]
    if flows.shipments_in.enabled:
        assets.append(build(goods_receipts(scene, together)))
    if flows.invoices_in.enabled:
        assets.append(build(purchase_invoices(scene, together)))
    if flows.acknowledgments_in.enabled:
        assets.append(applied_acknowledgments(scene, together))
    return [*assets, build(acknowledgments_sent(scene, together))]


def received_files(scene: Scene, together: Together) -> DocumentAsset:
    def receive(integration: Integration, work: Work) -> StepReport:
        """A replay never reads a folder: it confirms the bytes that are kept."""
        return ledger_metrics.confirm_files(integration, work) if work.replay else receiving.receive(integration, work)

    def newest_files(
        context: dg.AssetExecutionContext, connector: ConnectorResource, settings: RunSettings
    ) -> metadata.Metadata:
        """Names and hashes of the newest files of the run's partitions."""
        del settings
        with connector.deployment.ledger.read() as tx:
            rows = ledger_metrics.file_rows(tx, scene.name, days=days(context.partition_keys))
        return {"files": metadata.table(rows)} if rows else {}

    return DocumentAsset(
        place=scene.place(INBOUND, "received_files"),
        description="Files fetched from the partners' folders, kept unchanged with their hash before anything else.",
        steps=[
            Step("receive", "Fetch new files, commit bytes and hash, then after-read", receive, scene.settings.network)
        ],
        deps=[outside(scene.settings.network, external_assets.FILES_FROM_PARTNERS)],
        partitions=scene.partitions,
        group=scene.group(INBOUND),
        owner=PURCHASING_OWNER,
        kinds=frozenset({scene.network_kind}),
        checks=scene.checks("received_files"),
        together=together,
        more=newest_files,
    )


def parsed_documents(scene: Scene, together: Together) -> dg.AssetsDefinition:
    """One step parses whatever came; each kind of document is an asset."""
    place = scene.place(INBOUND, "parsed_documents")

    def parse_files(integration: Integration, work: Work) -> StepReport:
        return parsing.parse(integration, work)

    together.add("parse", parse_files, place, [scene.key(name) for name in PARSED])

    @dg.multi_asset(
        name=f"{scene.name}__parse",
        description="Read X12 interchanges, split them into documents, prepare a 997 for every group.",
        specs=[_parsed_spec(scene, name, text) for name, (_, text) in PARSED.items()],
        partitions_def=scene.partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=RETRY,
        group_name=scene.group(INBOUND),
        can_subset=True,
    )
    def parse(
        context: dg.AssetExecutionContext, connector: ConnectorResource, run_settings: RunSettings
    ) -> Iterator[dg.MaterializeResult[Any]]:
        before = connector.before()
        report = carry_out(context, connector, run_settings, place, "parse", parse_files, together.start)
        if report is None:
            return
        held = held_of(report)
        for name, (kinds, _) in PARSED.items():
            if scene.key(name) not in context.selected_asset_keys:
                continue
            shown = metadata.of_reports([StepReport("parse", notes=report.notes)], run_settings)
            shown |= _of_kinds(context, connector, scene, kinds, after_id=before.document, told=held)
            yield dg.MaterializeResult(asset_key=scene.key(name), metadata=shown)
            held = StepReport("parse")  # told once: it may be of no kind at all

    return parse


def held_of(report: StepReport) -> StepReport:
    """What of a step's report says that something waits for a person."""
    held = StepReport(report.step)
    held.counts["held"] = report.counts["held"]
    held.samples = [sample for sample in report.samples if sample.get("outcome") == "held"]
    return held


def _parsed_spec(scene: Scene, name: str, text: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        scene.key(name),
        deps=[scene.key("received_files")],
        description=text,
        owners=[PURCHASING_OWNER],
        kinds={X12},
        tags={"integration": scene.name, "direction": INBOUND},
        skippable=True,
    )


def _of_kinds(
    context: dg.AssetExecutionContext,
    connector: ConnectorResource,
    scene: Scene,
    kinds: Sequence[DocumentKind],
    *,
    after_id: int | None,
    told: StepReport | None = None,
) -> metadata.Metadata:
    """What the run's partitions hold of these kinds, what was added after a document's id, and what is told besides."""
    with connector.deployment.ledger.read() as tx:
        held = ledger_metrics.received(tx, scene.name, kinds, on=days(context.partition_keys))
        new = (
            ledger_metrics.received(tx, scene.name, kinds, after_id=after_id, samples=100)
            if after_id is not None
            else None
        )
    shown: metadata.Metadata = {
        "dagster/partition_row_count": held.count,
        **{f"partition_{state}": count for state, count in sorted(held.states.items())},
        **metadata.amounts(held.amounts),
    }
    if new is not None:
        shown["parsed_now"] = new.count
    shown |= {name: count for name, count in (told.counts if told is not None else {}).items() if count}
    rows = [*(told.samples if told is not None else ()), *(new.rows if new is not None else ())]
    if rows:
        shown["documents"] = metadata.table(rows)
    return shown


def goods_receipts(scene: Scene, together: Together) -> DocumentAsset:
    return DocumentAsset(
        place=scene.place(INBOUND, "goods_receipts"),
        description="Goods receipts posted to the ERP from ship notices, against the lines of open orders.",
        steps=[
            Step(
                "match_shipments",
                "Match every shipped line to an open order line; hold what does not fit",
                with_tables(shipments.match),
                scene.settings.erp,
            ),
            Step(
                "post_receipts",
                "Post goods receipts, exactly once; settle what an earlier run left open",
                lambda integration, work: posting.post(integration, work, RECEIPTS),
                scene.settings.erp,
            ),
        ],
        deps=[scene.key("ship_notices_856"), *scene.tables(T.VENDORS, T.ITEMS, T.PURCHASE_ORDERS)],
        partitions=scene.partitions,
        group=scene.group(INBOUND),
        owner=PURCHASING_OWNER,
        kinds=frozenset({scene.erp_kind}),
        flow=shipments.FLOW,
        checks=scene.checks("goods_receipts"),
        together=together,
    )


def purchase_invoices(scene: Scene, together: Together) -> DocumentAsset:
    receipts = [scene.key("goods_receipts")] if scene.settings.flows.shipments_in.enabled else []
    return DocumentAsset(
        place=scene.place(INBOUND, "purchase_invoices"),
        description="Purchase invoices posted to the ERP: matched to orders and receipts, coded, posted exactly once.",
        steps=[
            Step(
                "match",
                "Match every invoice line to its order and receipt; hold what is outside of the tolerances",
                with_tables(invoices.match),
                scene.settings.erp,
            ),
            Step("code", "Give every line its account, cost center and VAT code", invoices.code),
            Step(
                "post",
                "Post purchase invoices, exactly once; settle what an earlier run left open",
                lambda integration, work: posting.post(integration, work, BILLS),
                scene.settings.erp,
            ),
        ],
        deps=[
            scene.key("invoices_810"),
            *scene.tables(
                T.VENDORS, T.GL_ACCOUNTS, T.COST_CENTERS, T.COST_UNITS, T.ITEMS, T.VAT_CODES, T.PURCHASE_ORDERS
            ),
            *receipts,
        ],
        partitions=scene.partitions,
        group=scene.group(INBOUND),
        owner=PAYABLES_OWNER,
        kinds=frozenset({scene.erp_kind}),
        flow=invoices.FLOW,
        checks=scene.checks("purchase_invoices"),
        together=together,
    )


def applied_acknowledgments(scene: Scene, together: Together) -> dg.AssetsDefinition:
    """One step applies whatever was answered; suppliers' answers and partners' receipts are an asset each."""
    place = scene.place(INBOUND, "applied_acknowledgments")
    together.add("apply", acknowledgments.apply, place, [scene.key(name) for name in APPLIED])
    ledger_checks = [check for name in APPLIED for check in scene.checks(name)]

    @dg.multi_asset(
        name=f"{scene.name}__apply",
        description="Match every acknowledgment to what it answers; write agreed changes to the ERP's orders.",
        specs=[_applied_spec(scene, name) for name in APPLIED],
        check_specs=[check.spec for check in ledger_checks],
        partitions_def=scene.partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=scene.settings.erp,
        retry_policy=RETRY,
        group_name=scene.group(INBOUND),
        can_subset=True,
    )
    def apply(
        context: dg.AssetExecutionContext, connector: ConnectorResource, run_settings: RunSettings
    ) -> Iterator[dg.MaterializeResult[Any]]:
        ledger = connector.deployment.ledger
        before = connector.before()
        report = carry_out(context, connector, run_settings, place, "apply", acknowledgments.apply, together.start)
        if report is None:
            return
        wanted = [check for check in ledger_checks if check.spec.key in context.selected_asset_check_keys]
        answers = results(ledger, scene.name, wanted)
        held = held_of(report)
        for name, (parsed, _) in APPLIED.items():
            if scene.key(name) not in context.selected_asset_keys:
                continue
            kinds = PARSED[parsed][0]
            shown = metadata.of_reports([StepReport("apply", notes=report.notes)], run_settings)
            shown |= _of_kinds(context, connector, scene, kinds, after_id=None, told=held)
            with ledger.read() as tx:
                counts, rows = ledger_metrics.moved_by_run(
                    tx, context.run.run_id, place.asset_name, kinds, after_event=before.event
                )
            shown |= {f"{state}_now": count for state, count in counts.items()}
            if rows or held.samples:
                shown["documents"] = metadata.table([*held.samples, *rows])
            held = StepReport("apply")
            mine = [answer for answer in answers if answer.asset_key == scene.key(name)]
            yield dg.MaterializeResult(asset_key=scene.key(name), metadata=shown, check_results=mine)

    return apply


def _applied_spec(scene: Scene, name: str) -> dg.AssetSpec:
    parsed, text = APPLIED[name]
    sent = [scene.key("sent_orders")] if scene.settings.flows.orders_out.enabled else []
    return dg.AssetSpec(
        scene.key(name),
        deps=[scene.key(parsed), *sent],
        description=text,
        owners=[PURCHASING_OWNER],
        kinds={X12},
        tags={"integration": scene.name, "direction": INBOUND},
        skippable=True,
    )


def acknowledgments_sent(scene: Scene, together: Together) -> DocumentAsset:
    return DocumentAsset(
        place=scene.place(INBOUND, "acknowledgments_sent"),
        description="Our 997s: one for every received group, batched by partner into one interchange.",
        steps=[
            Step("render_997", "Write the 997s that are due", for_flow(rendering.render, ANSWERS_FLOW)),
            Step("send_997", "Upload them", for_flow(sending.send, ANSWERS_FLOW), scene.settings.network),
        ],
        deps=[scene.key(name) for name in PARSED if name != "functional_acknowledgments_997"],
        partitions=scene.partitions,
        group=scene.group(INBOUND),
        owner=PURCHASING_OWNER,
        kinds=frozenset({X12, scene.network_kind}),
        flow=ANSWERS_FLOW,
        checks=scene.checks("acknowledgments_sent"),
        together=together,
    )
