"""What the other side refuses of our files is held with its words, and goes again once it is mended."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ml_connector.ledger.audit import verify
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.avidxchange.files import tables
from ml_connector.sandbox.avidxchange.files.place import FROM
from ml_connector_tests.systems.avidxchange.stage import Stage, avid_stage
from ml_connector_tests.systems.avidxchange.test_files import lying, run
from ml_connector_tests.systems.avidxchange.test_invoices_out import booked, supplier_id, there, touched, vendor_there

RESULTS = f"{FROM}/Results"
FLOWS: dict[str, Any] = {"invoices_out": {}}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with avid_stage(tmp_path, flows=FLOWS, mode="files", files={"results": {"enabled": True}}) as made:
        made.outbound()
        yield made


def held(stage: Stage) -> list[tuple[str | None, str | None]]:
    return [(row.number, row.reason) for row in stage.documents("invoices_out") if row.state is S.QUARANTINED]


def names(stage: Stage) -> list[str]:
    return [name for name in stage.exchange.taken if name.startswith("Invoices_")]


def test_a_refused_row_is_held_with_its_words_and_goes_again_by_replay(stage: Stage) -> None:
    booked(stage, "NO-VENDOR")  # it does not have the vendor
    run(stage)
    assert [row.state for row in stage.documents("invoices_out")] == [S.SENT], "as far as anybody knows"
    run(stage)
    assert held(stage) == [("NO-VENDOR", "refused_by_system")]
    (row,) = stage.documents("invoices_out")
    assert f"vendor {supplier_id(stage)} does not exist" in (row.reason_detail or {})["message"]
    run(stage)
    assert len(names(stage)) == 1, "nothing goes by itself"
    assert verify.verify(stage.deployment.ledger).clean
    vendor_there(stage)
    replayed(stage, row.id)
    run(stage)
    assert [one["Number"] for one in there(stage)] == ["NO-VENDOR"]
    run(stage)
    assert [one.state for one in stage.documents("invoices_out")] == [S.SENT]
    assert len(names(stage)) == 2
    assert verify.verify(stage.deployment.ledger).clean


def replayed(stage: Stage, document: int) -> None:
    """A person has it taken up again."""
    stage.outbound(documents=(document,), replay=True)


def test_what_is_mended_in_the_erp_goes_again_with_what_it_says_by_then(stage: Stage) -> None:
    entry = booked(stage, "FIRST")
    run(stage)
    run(stage)
    assert held(stage) == [("FIRST", "refused_by_system")]
    vendor_there(stage)
    touched(stage, entry, YourRef="SECOND")
    run(stage)
    run(stage)
    assert [one["Number"] for one in there(stage)] == ["SECOND"]
    assert held(stage) == []
    assert verify.verify(stage.deployment.ledger).clean


def test_accepted_ones_stay_sent_and_results_are_read_once(stage: Stage) -> None:
    vendor_there(stage)
    booked(stage, "GOOD")
    for _ in range(4):
        run(stage)
    assert [row.state for row in stage.documents("invoices_out")] == [S.SENT]
    assert lying(stage, RESULTS)
    assert all(name.endswith(".loaded") for name in lying(stage, RESULTS))
    assert len(there(stage)) == 1


def test_results_about_nobody_and_files_that_are_none_hold_nothing(stage: Stage) -> None:
    vendor_there(stage)
    booked(stage, "GOOD")
    run(stage)
    stranger = {"FileName": "Invoices_mlc-00000000000000000000-0.csv", "Result": "Rejected", "Message": "not ours"}
    odd = {"FileName": "../../etc/passwd", "Result": "Rejected", "Message": "x" * 5000}
    place = stage.exchange.place
    stage.sandbox.call(place.put, RESULTS, "Odd.csv", tables.written(tables.RESULTS, [stranger, odd]))
    stage.sandbox.call(place.put, RESULTS, "None.csv", b"FileName\r\n")
    told = stage.outbound()
    assert held(stage) == []
    notes = " ".join(note for report in told.values() for note in report.notes)
    assert "names no file of ours" in notes
    assert "There is no column Result" in notes
    assert verify.verify(stage.deployment.ledger).clean
