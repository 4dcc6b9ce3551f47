"""Replies that cannot be read or are another record's: nothing is written twice, nobody else's is taken away."""

import json
from typing import Any

import pytest

from ml_connector.errors import OutcomeUnknown
from ml_connector.sandbox.faults import FaultKind
from ml_connector_tests.systems.acumatica.bench import Bench
from ml_connector_tests.systems.acumatica.test_bills import BY_ORDER, account_line, bill_of, plan

SOMEBODY = "0c113f6e-8c79-4f6e-9a60-4a3f2a2b0001"


def good(**more: Any) -> str:
    """A reply that names a record."""
    return json.dumps({"id": SOMEBODY, "Type": {"value": "Bill"}, "Amount": {"value": 15.0}, "Details": [], **more})


@pytest.mark.parametrize(
    "reply",
    [
        good(Amount={"value": "15.00 USD"}),
        good(Amount=15.0),
        good(Details=None),
        good(Date={"value": "the 20th"}),
        good(CurrencyID={"value": {}}),
    ],
)
def test_a_reply_that_cannot_be_read_leaves_the_outcome_unknown(bench: Bench, reply: str) -> None:
    erp = bench.erp()
    bill = bill_of(BY_ORDER, account_line())
    operation = bench.store(erp, plan(erp, bill)[0])
    erp.branches()
    bench.fault(FaultKind.ERROR_AFTER, method="PUT", path="*/Bill", status=200, body=reply)
    with pytest.raises(OutcomeUnknown):
        erp.write(operation)
    assert set(erp.find_written([operation])) == {operation.id}
