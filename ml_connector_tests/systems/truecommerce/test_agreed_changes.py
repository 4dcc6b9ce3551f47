"""An 855 in a flat file or in X12 changes the same order in Exact, and comes back to nobody as a change."""

from decimal import Decimal
from pathlib import Path

import pytest

from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.exact import user
from ml_connector_tests.systems.truecommerce.stage import Stage, open_stage

LESS_AND_LATER = {"confirm": "change", "quantity_percent": "80", "late_days": 7, "ship": "never", "invoice": "never"}


def lines(stage: Stage, number: str) -> list[tuple[Decimal, int]]:
    def read() -> list[tuple[Decimal, int]]:
        made = user.order_by_number(stage.sandbox.exact.main, int(number))
        found = user.lines_of(stage.sandbox.exact, made)
        return [(line["QuantityInPurchaseUnits"], line["ReceiptDate"]) for line in found]

    return stage.sandbox.call(read)


@pytest.mark.parametrize(
    ("supplier", "name", "dates", "reason"),
    [
        ("20021", "HARBOUR", True, None),  # X12: 067, a delivery
        ("20022", "LUMEN", False, "order_changed"),  # CSV: ScheduledShipDate is no date of receipt: for a person
    ],
)
def test_agreed_changes_are_written_whatever_the_format(
    tmp_path: Path, supplier: str, name: str, dates: bool, reason: str | None
) -> None:
    with open_stage(tmp_path, partners={name.lower(): {"order_changes": "write_back"}}) as stage:
        stage.sandbox.call(stage.sandbox.truecommerce.manager.world.behave, name, LESS_AND_LATER)
        (number,) = stage.orders(1, supplier)
        before = lines(stage, number)
        stage.play()
        after = lines(stage, number)
        assert [quantity for quantity, _ in after] == [Decimal(int(quantity * 80 / 100)) for quantity, _ in before]
        assert [day != was for (_, day), (_, was) in zip(after, before, strict=True)] == [dates] * len(before)
        answers = [one for one in stage.documents("acknowledgments_in") if one.kind == "order_acknowledgment"]
        assert [(one.state, one.reason) for one in answers] == [(S.APPLIED, reason)]
        assert [one.revision for one in stage.documents("orders_out")] == [0]
        assert stage.sandbox.truecommerce.manager.orders() == {number: 1}
