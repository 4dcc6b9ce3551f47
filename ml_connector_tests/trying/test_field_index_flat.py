"""The flat rows of the field index, each by its name: tried with `try --json`, then run, against what the index says;
and what the setting or the mended file then makes of it. Skipped where the inputs do not lie beside the project.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.errors import ConfigError
from ml_connector.flows.posting.postings import operation_key
from ml_connector.flows.reference.syncing import refresh_orders
from ml_connector.layouts import load_layout
from ml_connector.ledger.tables.documents import event, operation
from ml_connector.ledger.work.documents import DocumentRow
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.books.orders import add_quantity, order_changed
from ml_connector.trying.results import NO_KEY
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.support.deployment import ROOT
from ml_connector_tests.systems.truecommerce.stage import INTEGRATION, Stage, open_stage

FIELD = ROOT.parent / "shared" / "field" / "flat"
pytestmark = pytest.mark.skipif(not FIELD.is_dir(), reason="the inputs do not lie beside the project")

LUMEN, ORDER = "20022", "26000008"
#: The layouts of the folder: those that read the rows, and fixed ones, which cut anything into their fields.
LAYOUTS = ("truecommerce_810_csv", "truecommerce_856_csv", "truecommerce_810_fixed", "truecommerce_850_fixed")


@dataclass(frozen=True)
class Right:
    """What the index says. says: in what the held document tells."""

    state: str
    reason: str | None
    says: tuple[str, ...] = ()


ROWS: Mapping[str, Right] = {
    "lieferschein-0.500.csv": Right("quarantined", "bad_value", ("row 2, column Menge", '"0.500"')),
    "fixed-cut-in-total.txt": Right(
        "quarantined", "bad_value", ("row 3, column Total", "the record ends inside this field", '"0000000000017"')
    ),
    "foreign-for-fixed.csv": Right(
        "quarantined", "no_layout_fits", (*(f"{name}: " for name in LAYOUTS), "lieferschein: ")
    ),
    "title-row.csv": Right(
        "quarantined", "no_layout_fits", ("headings", "They seem to stand in row 3", "csv: {skip_rows: 2}")
    ),
    "zero-width-space.csv": Right("posted", None),
}
#: Refused when it is loaded: the layout itself.
NEVER_LOADED = "usdate-03-04.txt"


def test_every_row_that_is_no_xml_is_here() -> None:
    files = {path.name for path in FIELD.iterdir() if path.suffix in {".csv", ".txt", ".json"}}
    assert files == {*ROWS, NEVER_LOADED}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The supplier's order as the index has it, received; its partner takes files of all these layouts."""
    home = tmp_path_factory.mktemp("flat") / "home"
    files = [*LAYOUTS, str(FIELD / "lieferschein.yaml")]
    with open_stage(home, partners={"lumen": {"layouts": {"receive": files}}}) as made:
        made.orders(7)
        made.sandbox.call(_receive, made)
        refresh_orders(made.integration)
        yield made


def _receive(stage: Stage) -> None:
    exact = stage.sandbox.exact
    (order,) = user.create_orders(exact, 1, suppliers=(LUMEN,))
    assert str(user.order_facts(exact, order)["number"]) == ORDER
    for line in user.lines_of(exact, order):
        add_quantity(exact.main, line, "ReceivedQuantity", line["QuantityInPurchaseUnits"])
    order_changed(exact.main, order)


def came(stage: Stage) -> list[DocumentRow]:
    return [one for flow in ("invoices_in", "shipments_in", "unreadable") for one in stage.documents(flow)]


def writes_of(stage: Stage, row: DocumentRow) -> list[tuple[str, str]]:
    with stage.deployment.ledger.read() as tx:
        found = tx.execute(operation.select().where(operation.c.document_id == row.id)).mappings().all()
    return [(one["target"], one["payload"].replace(operation_key(row), NO_KEY)) for one in found]


@dataclass(frozen=True)
class Outcome:
    tried: Mapping[str, Any]
    ran: DocumentRow
    writes: list[tuple[str, str]]


def through(stage: Stage, name: str, data: bytes) -> list[DocumentRow]:
    """The documents that a file becomes in a run."""
    before = {one.id for one in came(stage)}
    stage.sandbox.call(stage.sandbox.truecommerce.state.deliver, name, data)
    stage.inbound()
    return [one for one in came(stage) if one.id not in before]


@pytest.fixture(scope="module")
def outcome(stage: Stage) -> Callable[[str], Outcome]:
    """What a try said of a row and what a run did; each row once. Of each file comes one document."""
    known: dict[str, Outcome] = {}

    def of(row: str) -> Outcome:
        if row not in known:
            path = FIELD / row
            (tried,) = say("try", path, "--json", "--integration", INTEGRATION).json["documents"]
            (ran,) = through(stage, row, path.read_bytes())
            known[row] = Outcome(tried, ran, writes_of(stage, ran))
        return known[row]

    return of


@pytest.mark.parametrize("row", ROWS)
def test_a_run_does_what_a_try_said(row: str, outcome: Callable[[str], Outcome]) -> None:
    found = outcome(row)
    reason = found.tried["reason"] or {}
    assert found.tried["state"] == str(found.ran.state), found.ran.reason_detail
    assert reason.get("code") == found.ran.reason
    assert reason.get("message", "") == (found.ran.reason_detail or {}).get("message", "")
    assert [(one["target"], one["payload"]) for one in found.tried["writes"]] == found.writes


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_right(row: str, outcome: Callable[[str], Outcome]) -> None:
    right, found = ROWS[row], outcome(row)
    told = json.dumps(found.ran.reason_detail, ensure_ascii=False).replace('\\"', '"')
    assert (str(found.ran.state), found.ran.reason) == (right.state, right.reason), told
    assert [word for word in right.says if word not in told] == []
    if right.state != "posted":
        assert found.writes == []


def test_a_number_with_and_without_what_nobody_sees_is_one_number(
    stage: Stage, outcome: Callable[[str], Outcome]
) -> None:
    found = outcome("zero-width-space.csv")
    assert (found.ran.number, found.tried["number"]) == ("NG-6", "NG-6")
    data = (FIELD / "zero-width-space.csv").read_bytes()
    (again,) = through(stage, "again.csv", data.replace("\u200b".encode(), b""))
    assert (str(again.state), again.number, writes_of(stage, again)) == ("duplicate", "NG-6", [])
    (other,) = through(stage, "other.csv", data.replace("\u200b".encode(), "\u00ad\u2060".encode()))
    assert str(other.state) == "duplicate"
    with stage.deployment.ledger.read() as tx:
        told = [
            one["detail"] for one in tx.execute(event.select().where(event.c.document_id == found.ran.id)).mappings()
        ]
    assert "U+200B, zero width space" in json.dumps(told)


def test_what_stands_plainly_in_the_mended_files_is_booked(stage: Stage) -> None:
    """So that what is refused above is refused for just that."""
    fixed = (FIELD / "fixed-cut-in-total.txt").read_bytes().rstrip()
    whole = (
        fixed[: fixed.rindex(b"T0")] + b"T" + b"000000000001475" + b"000000000000310" + b" " * 15 + b"000000000001785"
    )
    (invoice,) = through(stage, "whole.txt", whole.replace(b"A-1 ", b"F-1 ") + b"\r\n")
    assert (invoice.number, str(invoice.state), invoice.amount) == ("F-1", "posted", Decimal("17.85")), (
        invoice.reason_detail
    )
    titled = (FIELD / "title-row.csv").read_bytes()
    (invoice,) = through(stage, "untitled.csv", titled[titled.index(b"TradingPartner") :])
    assert (invoice.number, str(invoice.state)) == ("A-1", "posted"), invoice.reason_detail
    notice = (FIELD / "lieferschein-0.500.csv").read_bytes().replace(b"0.500", b"0,5").replace(b"LS-2", b"LS-3")
    (shipped,) = through(stage, "notice.csv", notice)
    assert shipped.reason != "bad_value", shipped.reason_detail


def test_a_layout_whose_dates_have_two_readings_is_refused_when_it_is_loaded(stage: Stage) -> None:
    with pytest.raises(ConfigError, match=r"usdate.yaml: values.date: one text can be two days"):
        load_layout(FIELD / "usdate.yaml")
    said = say("layout", "try", FIELD / "usdate.yaml", FIELD / NEVER_LOADED)
    assert said.code == 2
    assert "MM/dd/yyyy" in said.err
