"""docs/integrations/acumatica-cleo.md, followed word by word in an empty folder against the sandbox."""

import json
import shutil
from pathlib import Path

import pytest

from ml_connector_tests.systems.acumatica.stage import PAGE, page_files
from ml_connector_tests.systems.page_walk import walk

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(420),
    pytest.mark.skipif(shutil.which("curl") is None, reason="the page uses curl, which is not here"),
]


def test_the_page_leads_from_order_to_bill_and_from_order_to_invoice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = walk(PAGE, page_files(), ("8702", "8703", "8704"), tmp_path, monkeypatch)
    assert said["ml-connector check"].endswith("All is well.\n"), said
    *_, listed, orders, bills = said.values()
    for number in ("PO000301", "LONESTAR-D00001", "LONESTAR-I00001", "PO-7781", "002001"):
        assert number in listed, said
    (order,) = json.loads(orders)
    assert [line["OrderQty"] for line in order["Details"]] == ["5"], "as the 860 has it"
    (bill,) = json.loads(bills)
    assert (bill["VendorRef"], bill["Status"]) == ("LONESTAR-I00001", "Balanced")
