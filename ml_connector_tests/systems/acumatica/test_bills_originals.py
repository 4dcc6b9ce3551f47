"""The original file stands at its bill, once."""

import pytest

from ml_connector.documents.erp_postings import Bill
from ml_connector.errors import OutcomeUnknown
from ml_connector.ledger.exchange import blobs
from ml_connector.sandbox.faults import FaultKind
from ml_connector_tests.systems.acumatica.bench import Bench
from ml_connector_tests.systems.acumatica.billing import BY_ORDER, account_line, bill_of, new_number, plan, stored


def with_original(bench: Bench, name: str = "C:\\\\in\\\\INV 1.edi") -> Bill:
    original = f"ISA*00*~{new_number()}".encode()
    with bench.parts.ledger.write() as tx:
        digest = blobs.put_blob(tx, original)
    more = {"attach_original": True, "attachment_sha256": digest, "attachment_name": name}
    return bill_of(BY_ORDER, account_line(), **more)


def test_the_original_stands_at_the_bill(bench: Bench) -> None:
    erp = bench.erp(after_bill="released")
    bill = with_original(bench)
    done = bench.post(erp, plan(erp, bill))
    assert [operation.kind for operation, _ in done] == [
        "ap_bill",
        "ap_bill_file",
        "ap_bill_release",
        "ap_bill_released",
    ]
    (row,) = stored(bench, bill)
    assert [file.name for file in row.files] == ["INV 1.edi"]
    found = erp.find_written([operation for operation, _ in done])
    assert {number: one.outside_id for number, one in found.items()} == {
        operation.id: written.outside_id for operation, written in done
    }
    copies = erp.find_copies([operation for operation, _ in done])
    assert {number: len(each) for number, each in copies.items()} == {operation.id: 1 for operation, _ in done}
    assert erp.write(done[1][0]) == done[1][1]
    assert len(row.files) == 1


def test_an_original_whose_answer_is_lost_is_found(bench: Bench) -> None:
    erp = bench.erp()
    first, file = plan(erp, with_original(bench))
    written = erp.write(bench.store(erp, first))
    operation = bench.store(erp, file, 1, {0: written.outside_id})
    bench.fault(FaultKind.RESET_AFTER, method="PUT", path="*/files/*")
    with pytest.raises(OutcomeUnknown):
        erp.write(operation)
    assert set(erp.find_written([operation])) == {operation.id}
