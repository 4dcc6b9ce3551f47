"""The X12 rows of the field index, each by its name: through `try --json`, then through a whole run, against what the
index says. The expected values are written by hand from it. Skipped where the inputs do not lie beside the project.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ml_connector.documents.invoices import Invoice
from ml_connector.edi import ReceivedSet, read_interchanges
from ml_connector.flows.posting.postings import operation_key
from ml_connector.flows.reference.syncing import refresh_orders
from ml_connector.ledger.tables.documents import operation
from ml_connector.trying.results import NO_KEY
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.flows.scenes import Scene, scene
from ml_connector_tests.flows.test_files_end_to_end import deliver
from ml_connector_tests.flows.test_sending import SILENT
from ml_connector_tests.support.deployment import ROOT

FIELD = ROOT.parent / "shared" / "field" / "x12"
pytestmark = pytest.mark.skipif(not FIELD.is_dir(), reason="the inputs do not lie beside the project")


@dataclass(frozen=True)
class Right:
    """What the index says. total: posted, as the document has it. received: of order line 1. lines: a part of what
    each posted line has. order: the state of order 26000001 afterwards, where it was sent.
    """

    state: str
    credit: bool | None = None
    total: Decimal | None = None
    received: Decimal | None = None
    order: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    says: tuple[str, ...] = ()


def invoice(total: str, *, credit: bool = False, **payload: Any) -> Right:
    return Right("posted", credit=credit, total=Decimal(total), payload=payload)


HELD = Right("quarantined")
#: By the beginning of the file's name. A row that is not in here is told by `test_every_row_is_here`.
ROWS: Mapping[str, Right] = {
    "P06_BIG07_CE": invoice("178.48", credit=True),
    "P03_BIG08_01": HELD,
    "P03b_BIG08_05": Right("quarantined", says=("original",)),
    "Q17_4dec_price_rounding": invoice("43.00"),
    "P08_neg_credit_restock_charge": invoice("97.50", credit=True),
    "P09_line_sac_gst": invoice("178.48"),
    "P11c_rate_with_qty": invoice("162.50"),
    "D1_ITD_net_60": invoice("147.50", DueDate="2027-01-19"),
    "P18g_line_currency": HELD,
    "S05c_parent_item_and_child_items": Right("posted", received=Decimal(30)),
    "S08_BSN01_04": Right("quarantined", says=("change",)),
    "S06_REF_PO_no_PRF": Right("posted", received=Decimal(10)),
    "A07_BAK01_01": Right("applied", order="needs a person"),
    "A09_AD_qty_changed_no_ACK": Right("applied", order="needs a person"),
    "A06_AC_omitted_lines": Right("applied", order="needs a person"),
    "B06_AK9_R": Right("applied", order="refused"),
    "B03_AK9_P_no_AK2": Right("quarantined", order="sent"),
}
#: For reading only: its order does not exist.
READ_ONLY = "E09_utf8"


def file_of(row: str) -> Path:
    (found,) = (path for path in FIELD.glob("*.edi") if path.stem == row or path.stem.startswith(f"{row}_"))
    return found


def name_of(path: Path) -> str:
    fits = [row for row in (*ROWS, READ_ONLY) if path.stem == row or path.stem.startswith(f"{row}_")]
    return max(fits, key=len, default="")


def test_every_row_is_here() -> None:
    assert [path.name for path in FIELD.glob("*.edi") if not name_of(path)] == []


@dataclass(frozen=True)
class Outcome:
    """What a try said, and what a run then did: the document's state, reason and work, its writes, and what became of
    the order that was sent.
    """

    tried: Mapping[str, Any]
    moved: Mapping[int, str]
    ran: Mapping[str, Any]
    writes: Sequence[tuple[str, str]]
    orders: Mapping[int, str]


def set_up(stage: Scene, row: str) -> None:
    """Order 26000001 as the index has it: all received for invoices, sent for answers."""
    stage.world.behave("NORTHWIND", SILENT)
    stage.orders(1, received=row[0] in "PQD")
    refresh_orders(stage.integration)
    if row[0] in "AB":
        stage.outbound()


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Outcome]:
    """Each row is tried and run once."""

    @cache
    def of(row: str) -> Outcome:
        path = file_of(row)
        with scene(tmp_path_factory.mktemp(row) / "home") as stage:
            set_up(stage, row)
            result = say("try", path, "--json").json
            (document,) = result["documents"]
            deliver(stage, path.read_bytes(), path.name)
            stage.inbound()
            return _ran(stage, document, {one["document"]: one["after"] for one in result["effects"]})

    return of


def _ran(stage: Scene, tried: Mapping[str, Any], moved: Mapping[int, str]) -> Outcome:
    (row,) = [one for one in stage.documents() if one.direction == "in"]
    with stage.deployment.ledger.read() as tx:
        query = operation.select().where(operation.c.document_id == row.id).order_by(operation.c.position)
        writes = [
            (one["target"], one["payload"].replace(operation_key(row), NO_KEY)) for one in tx.execute(query).mappings()
        ]
    ran = {"state": str(row.state), "reason": row.reason, "detail": row.reason_detail}
    orders = {one.id: str(one.state) for one in stage.documents("orders_out")}
    return Outcome(tried, moved, ran, writes, orders)


@pytest.mark.parametrize("row", ROWS)
def test_a_run_does_what_a_try_said(row: str, outcomes: Callable[[str], Outcome]) -> None:
    """State, reason with its data, every payload, and what becomes of the order: whatever they are."""
    found = outcomes(row)
    reason = found.tried["reason"] or {}
    assert found.tried["state"] == found.ran["state"], found.ran
    assert reason.get("code") == found.ran["reason"]
    assert reason.get("message", "") == (found.ran["detail"] or {}).get("message", "")
    assert [(one["target"], one["payload"]) for one in found.tried["writes"]] == found.writes
    assert {key: found.moved.get(key, "sent") for key in found.orders} == found.orders


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_right(row: str, outcomes: Callable[[str], Outcome]) -> None:
    """What the index says, in what was tried and in what was written by the run."""
    right, found = ROWS[row], outcomes(row)
    document, reason = found.tried, found.tried["reason"] or {}
    assert (document["state"], found.ran["state"]) == (right.state, right.state), reason
    told = f"{reason.get('message', '')} {reason.get('mend', '')}".lower()
    assert all(word in told for word in right.says), told
    if right.total is not None:
        bill = document["work"]
        assert (Decimal(bill["total"]), bill["credit"]) == (right.total, right.credit)
        (posted,) = [json.loads(text, parse_float=Decimal) for _, text in found.writes if "Lines" in text]
        assert abs(posted_total(posted, Decimal(bill["vat_total"]))) == right.total
        assert {name: posted.get(name, "")[:10] for name in right.payload} == right.payload
    if right.received is not None:
        (received,) = [json.loads(text, parse_float=Decimal) for _, text in found.writes]
        assert sum(line["QuantityReceived"] for line in received["GoodsReceiptLines"]) == right.received
    if right.order == "needs a person":
        assert document["work"]["act"] is True
    elif right.order:
        assert list(found.orders.values()) == [right.order]


def posted_total(payload: Mapping[str, Any], vat: Decimal) -> Decimal:
    """What the ERP would have of it: its lines and the tax."""
    lines = payload.get("PurchaseInvoiceLines") or payload["PurchaseEntryLines"]
    return sum((Decimal(str(line.get("Amount", line.get("AmountFC")))) for line in lines), vat)


def test_utf8_text_of_a_partner_on_latin_1_is_read_as_utf8_and_told() -> None:
    """E09: for reading only."""
    [received] = [one for one in read_interchanges(file_of(READ_ONLY).read_bytes()) if isinstance(one, ReceivedSet)]
    assert isinstance(received.document, Invoice)
    assert received.document.lines[0].description == "Kabelschuh größe 5 – Ø8 mm"
    assert [one.code for one in received.findings] == ["encoding"]
