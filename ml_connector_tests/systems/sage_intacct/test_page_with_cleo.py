"""docs/integrations/intacct-cleo.md, followed word by word in an empty folder against the sandbox."""

import json
import shutil
from pathlib import Path

import pytest

from ml_connector_tests.systems.page_walk import walk
from ml_connector_tests.systems.sage_intacct.stage import PAGE, page_files

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("curl") is None, reason="the page uses curl, which is not here"),
]


def test_the_page_leads_from_order_to_bill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = walk(PAGE, page_files(), ("8702", "8703", "8705"), tmp_path, monkeypatch)
    assert said["ml-connector check"].endswith("All is well.\n"), said
    *_, listed, bills = said.values()
    for number in ("PO0201", "IRONWORKS-D00001", "IRONWORKS-I00001"):
        assert number in listed, said
    (bill,) = json.loads(bills)
    assert (bill["VENDORID"], bill["STATE"], bill["MODULEKEY"]) == ("V-17", "Posted", "9.PO")
