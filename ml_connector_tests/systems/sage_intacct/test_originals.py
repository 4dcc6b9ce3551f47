"""The original of an invoice: attached to whatever record it becomes, once."""

import base64

import pytest

from ml_connector.documents.erp_postings import Bill
from ml_connector.errors import NeedsCorrection, OutcomeUnknown, RefusedBySystem
from ml_connector.ledger.exchange import blobs
from ml_connector.sandbox.faults import FaultKind
from ml_connector.systems.sage_intacct.posting.attachments import file_name
from ml_connector_tests.systems.sage_intacct.bench import Bench
from ml_connector_tests.systems.sage_intacct.billing import (
    account_line,
    bill_of,
    lines_of,
    new_key,
    order_of,
    plan,
    receive,
)

FOLDER = "EDI originals"
CONTENT = b"ISA*00*...~\x00\xff"


@pytest.fixture
def original(bench: Bench) -> str:
    """The bytes in the store, and the folder in Intacct."""
    if not bench.state.main.tables["SUPDOCFOLDER"].by_key(FOLDER):
        bench.site.good(f"<create_supdocfolder><supdocfoldername>{FOLDER}</supdocfoldername></create_supdocfolder>")
    with bench.parts.ledger.write() as tx:
        return blobs.put_blob(tx, CONTENT)


def with_original(sha256: str, *lines: object, **more: object) -> Bill:
    named = {"attach_original": True, "attachment_sha256": sha256, "attachment_name": "in/INV 1.edi"}
    return bill_of(*lines, **named, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["APBILL", "PODOCUMENT"])
def test_it_hangs_at_whatever_the_invoice_becomes(bench: Bench, original: str, kind: str) -> None:
    erp = bench.erp(attachments_folder=FOLDER)
    lines: tuple[object, ...] = (account_line(),)
    if kind == "PODOCUMENT":
        order = order_of(bench, erp)
        receive(bench, order)
        lines = lines_of(order)
    bill = with_original(original, *lines)
    (attached, first), (recorded, _) = bench.post(erp, plan(erp, bill))
    field = "VENDORDOCNO" if kind == "PODOCUMENT" else "RECORDID"
    (row,) = bench.rows(kind, **{field: bill.number})
    assert row.text("SUPDOCID") == first.outside_id
    supdoc = bench.state.main.tables["SUPDOC"].by_key(first.outside_id)
    assert supdoc is not None
    ((name, extension, data),) = bench.state.main.files[supdoc.number]
    assert (name, extension, base64.b64decode(data)) == ("INV 1", "edi", CONTENT)
    assert base64.b64encode(CONTENT).decode() not in attached.payload, "bytes stand in the store alone"
    assert set(erp.find_written([attached, recorded])) == {attached.id, recorded.id}
    assert set(erp.find_copies([attached, recorded])) == {attached.id, recorded.id}


def test_an_adjustment_has_no_place_for_one(bench: Bench, original: str) -> None:
    erp = bench.erp(attachments_folder=FOLDER)
    (planned,) = plan(erp, with_original(original, account_line(), credit=True))
    assert planned.kind == "ap_adjustment"


def test_after_a_lost_answer_it_is_there_once(bench: Bench, original: str) -> None:
    erp = bench.erp(attachments_folder=FOLDER)
    attachment, _ = plan(erp, with_original(original, account_line()))
    operation = bench.store(erp, attachment)
    assert erp.find_written([operation]) == {}
    bench.fault(FaultKind.RESET_AFTER)
    with pytest.raises(OutcomeUnknown):
        erp.write(operation)
    assert erp.write(operation).outside_id == erp.find_written([operation])[operation.id].outside_id


def test_a_folder_that_is_not_there_refuses_it_before_anything_is_booked(bench: Bench, original: str) -> None:
    erp = bench.erp(attachments_folder="No such folder")
    bill = with_original(original, account_line())
    with pytest.raises(RefusedBySystem, match="No such folder"):
        bench.post(erp, plan(erp, bill))
    assert bench.rows("APBILL", RECORDID=bill.number) == []


def test_without_a_folder_it_is_held(bench: Bench, original: str) -> None:
    with pytest.raises(NeedsCorrection, match="no folder is named"):
        plan(bench.erp(), with_original(original, account_line()))


def test_two_invoices_have_attachments_of_their_own(bench: Bench, original: str) -> None:
    erp = bench.erp(attachments_folder=FOLDER)
    bill = with_original(original, account_line())
    ids = {plan(erp, bill, new_key())[0].payload for _ in range(3)}
    assert len(ids) == 3


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a.edi", ("a", "edi")),
        ("../../etc/passwd", ("passwd", "x12")),
        ("C:\\in\\a.b.txt", ("a.b", "txt")),
        ("\x00\x0b", ("original", "x12")),
        ("...", ("original", "x12")),
        (".edi", ("edi", "x12")),
        ("a.this is no extension", ("a.this is no extension", "x12")),
        ("x" * 300 + ".edi", ("x" * 80, "edi")),
    ],
)
def test_a_partners_file_name_is_made_plain(name: str, told: tuple[str, str]) -> None:
    assert file_name(name) == told
