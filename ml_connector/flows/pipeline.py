"""The steps of each direction in their order, for whoever runs them one after another: tests, benchmarks, workers.

Dagster runs the same steps as ops and assets; the order stands in the graph there.
"""

from collections.abc import Callable, Sequence

from ml_connector.flows import acknowledgments, invoices, orders, parsing, receiving, rendering, sending, shipments
from ml_connector.flows.context import Integration, StepReport, Work
from ml_connector.flows.posting import BILLS, RECEIPTS, post

Step = Callable[[Integration, Work], StepReport]

ANSWERS = "acknowledgments_out"


def _post_receipts(integration: Integration, work: Work) -> StepReport:
    return post(integration, work, RECEIPTS)


def _post_bills(integration: Integration, work: Work) -> StepReport:
    return post(integration, work, BILLS)


def _send_answers(integration: Integration, work: Work) -> StepReport:
    report = rendering.render(integration, work, ANSWERS)
    report.merge(sending.send(integration, work, ANSWERS))
    return report


def _render_orders(integration: Integration, work: Work) -> StepReport:
    return rendering.render(integration, work, orders.FLOW)


def _send_orders(integration: Integration, work: Work) -> StepReport:
    return sending.send(integration, work, orders.FLOW)


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
    _send_answers,
)
OUTBOUND: Sequence[Step] = (orders.read, orders.resolve, _render_orders, _send_orders)


def run(integration: Integration, work: Work, steps: Sequence[Step]) -> list[StepReport]:
    """Run steps in order until all are done or the work is stopped."""
    reports = []
    for step in steps:
        if work.stopped():
            break
        reports.append(step(integration, work))
    return reports
