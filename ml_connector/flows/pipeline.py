"""The steps of each direction in their order, for whoever runs them one after another: tests, benchmarks, workers.

Dagster runs the same steps as ops and assets; the order stands in the graph there.
"""

from collections.abc import Mapping, Sequence

from ml_connector.flows.acknowledgments_in import acknowledgments
from ml_connector.flows.concurrent import Member, SideBySide, Step
from ml_connector.flows.core.flow_names import ANSWERS_FLOW
from ml_connector.flows.core.integration import Integration, StepReport, Work
from ml_connector.flows.inbound import file_disposal, parsing, receiving
from ml_connector.flows.invoices_in import invoices
from ml_connector.flows.invoices_in.bills import BILLS
from ml_connector.flows.orders_out import order_resolving, order_revisions, orders
from ml_connector.flows.outbound import rendering, sending
from ml_connector.flows.posting.posting import post
from ml_connector.flows.shipments_in import shipments
from ml_connector.flows.shipments_in.goods_receipts import RECEIPTS


def _post_receipts(integration: Integration, work: Work) -> StepReport:
    return post(integration, work, RECEIPTS)


def _post_bills(integration: Integration, work: Work) -> StepReport:
    return post(integration, work, BILLS)


def _render_answers(integration: Integration, work: Work) -> StepReport:
    return rendering.render(integration, work, ANSWERS_FLOW)


def _send_answers(integration: Integration, work: Work) -> StepReport:
    return sending.send(integration, work, ANSWERS_FLOW)


def _render_orders(integration: Integration, work: Work) -> StepReport:
    return rendering.render(integration, work, order_revisions.FLOW)


def _send_orders(integration: Integration, work: Work) -> StepReport:
    return sending.send(integration, work, order_revisions.FLOW)


#: Receipts are posted before invoices are matched, so that a notice and its invoice of one batch meet.
INBOUND: Sequence[Step] = (
    receiving.receive,
    parsing.parse,
    acknowledgments.apply,
    shipments.match,
    _post_receipts,
    invoices.match,
    invoices.code,
    _post_bills,
    _render_answers,
    _send_answers,
    file_disposal.take_away,
)
OUTBOUND: Sequence[Step] = (orders.read, order_resolving.resolve, _render_orders, _send_orders)


#: Parsing takes read files away itself when it runs beside the others, once it has nothing more for them.
#: Who feeds whom when they run side by side; steps that are not named wait for nobody.
FEEDERS: Mapping[str, tuple[str, ...]] = {
    "parse": ("receive",),
    "apply": ("parse",),
    "match_shipments": ("parse",),
    "post_receipts": ("match_shipments",),
    "match": ("parse", "post_receipts"),
    "code": ("match",),
    "post": ("code",),
    "render_997": ("parse",),
    "send_997": ("render_997",),
}
#: These take what comes while their feeders run. The others begin when those have ended: a notice and its correction
#: meet, and a partner gets one interchange of 997s.
STREAMING = frozenset({"parse", "match", "code", "post"})


def member(name: str, step: Step) -> Member:
    return Member(name, step, FEEDERS.get(name, ()), name in STREAMING)


INBOUND_TOGETHER: Sequence[Member] = (
    member("receive", receiving.receive),
    member("parse", parsing.parse),
    member("apply", acknowledgments.apply),
    member("match_shipments", shipments.match),
    member("post_receipts", _post_receipts),
    member("match", invoices.match),
    member("code", invoices.code),
    member("post", _post_bills),
    member("render_997", _render_answers),
    member("send_997", _send_answers),
)


def run_together(integration: Integration, work: Work, members: Sequence[Member]) -> list[StepReport]:
    """Run steps at the same time; the first error of any of them is raised when all have ended."""
    with SideBySide(integration, members, {member.name: work for member in members}) as running:
        names = [member.name for member in members]
        running.wait()
        return [running.result(name) for name in names]


def run(integration: Integration, work: Work, steps: Sequence[Step]) -> list[StepReport]:
    """Run steps in order until all are done or the work is stopped."""
    reports = []
    for step in steps:
        if work.stopped():
            break
        reports.append(step(integration, work))
    return reports
