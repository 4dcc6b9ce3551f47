"""Reference frames keep exact values, and the columns tell their types."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ml_connector.documents.records import names_of
from ml_connector.documents.reference import OpenOrder, ReferenceTable, VatCode
from ml_connector.ledger.exchange.snapshots import Snapshot
from ml_connector.orchestration.assets.reference import MODELS, as_frame, column_schema, kept_its_rows
from ml_connector_tests.orchestration.stage import Stage

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def snapshot(*rows: dict[str, object]) -> Snapshot:
    return Snapshot(1, NOON, NOON, "d", len(rows), {}, None, [dict(row) for row in rows])


def test_amounts_stay_decimals_and_days_stay_days() -> None:
    frame = as_frame(
        snapshot({"id": "1", "code": "0010", "percentage": "21.00"}, {"id": "2", "code": "2", "percentage": "0.1"}),
        ReferenceTable.VAT_CODES,
    )
    assert list(frame["percentage"]) == [Decimal("21.00"), Decimal("0.1")]
    assert all(isinstance(value, Decimal) for value in frame["percentage"])
    assert list(frame["code"]) == ["0010", "2"], "a code is text: no leading zero is lost"
    ends = as_frame(snapshot({"id": "1", "code": "OLD", "end_date": "2026-01-31"}), ReferenceTable.COST_CENTERS)
    assert ends["end_date"][0] == date(2026, 1, 31)


def test_an_empty_table_still_has_its_columns() -> None:
    frame = as_frame(snapshot(), ReferenceTable.VENDORS)
    assert len(frame) == 0
    assert list(frame.columns) == list(names_of(MODELS[ReferenceTable.VENDORS]))


@pytest.mark.parametrize(
    ("model", "name", "kind"),
    [
        (VatCode, "percentage", "decimal"),
        (OpenOrder, "order_date", "date"),
        (OpenOrder, "lines", "list of openorderline"),
    ],
)
def test_columns_tell_their_types(model: type[VatCode] | type[OpenOrder], name: str, kind: str) -> None:
    kinds = {column.name: column.type for column in column_schema(model).columns}
    assert kinds[name] == kind


@pytest.mark.parametrize(("rows", "before", "passed"), [(24, 50, False), (25, 50, True), (0, None, True), (9, 5, True)])
def test_a_table_that_collapsed_is_told(rows: int, before: int | None, passed: bool) -> None:
    """Half of the suppliers gone at once is more likely a bad read than the truth."""
    check = kept_its_rows(rows, before)
    assert check.passed is passed
    assert check.metadata["rows"].value == rows


def test_changed_rows_are_told(stage: Stage) -> None:
    """What changed since the version before stands in the metadata, field by field."""
    from ml_connector.ledger.exchange import snapshots

    erp = stage.scene.integration.erp
    with stage.scene.deployment.ledger.write() as tx:
        known = snapshots.load(tx, "exact_nl", erp.company, "cost_units")
        assert known is not None
        first = {**known.rows[0], "description": "An old name"}
        snapshots.store(tx, "exact_nl", erp.company, "cost_units", [first, *known.rows[1:]])
    told = stage.plain("exact_nl_reference").assets["cost_units"]
    assert told["rows_changed"] == 1
    (change,) = told["changes"].records
    assert "An old name ->" in change.data["fields"]
