"""Other people's clients work against the stand-in unchanged: sageintacctsdk, and pyintacct in a virtual environment
of its own (sage-intacct 10)."""

import json
import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from ml_connector_tests.sandbox import clients
from ml_connector_tests.sandbox.sage_intacct.bench import IntacctBench

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
CLIENTS = Path(clients.__file__).parent

# sageintacctsdk


def sdk(intacct: IntacctBench, session: str = "", url: str = "", **more: Any) -> Any:
    """It knows no other address than its own: each of its objects is told where to send (sage-intacct 10)."""
    package = pytest.importorskip("sageintacctsdk")
    login = intacct.login
    client = package.SageIntacctSDK(
        sender_id=login["sender_id"],
        sender_password=login["sender_password"],
        user_id=login["user_id"],
        company_id=login["company_id"],
        user_password=login["user_password"],
        session_id=session or intacct.session()[0],
        **more,
    )
    for one in vars(client).values():
        if hasattr(one, "_ApiBase__api_url"):
            one._ApiBase__api_url = url or intacct.url
    return client


def sdk_bill(number: str, vendor: str = "V-17") -> dict[str, Any]:
    line = {"ACCOUNTNO": "6100", "TRX_AMOUNT": "12.50", "LOCATIONID": "110", "DEPARTMENTID": "20"}
    head = {"VENDORID": vendor, "WHENCREATED": "03/05/2025", "WHENDUE": "04/05/2025", "RECORDID": number}
    return {**head, "APBILLITEMS": {"APBILLITEM": [line]}}


def test_sageintacctsdk_counts_and_reads_every_object_it_knows_of_ours(intacct: IntacctBench) -> None:
    client = sdk(intacct)
    assert client.vendors.count() == 4
    assert {row["VENDORID"] for row in client.vendors.get_all()} == {"V-17", "V-18", "V-19", "V-20", "V-21"}
    names = ("accounts", "departments", "locations", "classes", "projects", "items", "customers", "location_entities",
             "checking_accounts")  # fmt: skip
    assert [len(getattr(client, name).get_all()) for name in names] == [11, 3, 5, 2, 2, 6, 2, 2, 1]
    assert client.vendors.get("VENDORID", "V-17")["VENDOR"][0]["DISPLAYCONTACT.EMAIL1"] == "ap@lakeside.example"
    assert len(client.dimensions.get_all()) == 8
    assert "APBILL" in json.dumps(client.dimensions.get_objects())


def test_sageintacctsdk_filters_posts_updates_and_deletes(intacct: IntacctBench) -> None:
    client = sdk(intacct)
    client.bills.post(sdk_bill("SDK-0"))
    number = client.bills.post(sdk_bill("SDK-1"))["data"]["apbill"]["RECORDNO"]
    found = client.bills.get_by_query(
        fields=["RECORDNO", "STATE"], and_filter=[("equalto", "RECORDID", "SDK-1"), ("equalto", "VENDORID", "V-17")]
    )
    assert found == [{"RECORDNO": number, "STATE": "Posted"}]
    row = client.bills.get("RECORDID", "SDK-1", ["RECORDNO", "TRX_TOTALDUE"])["apbill"]
    assert row == {"RECORDNO": number, "TRX_TOTALDUE": "12.50"}
    changed = client.bills.update({"RECORDNO": number, "DESCRIPTION": "changed"})
    assert changed["data"]["apbill"]["RECORDNO"] == number
    ordered = {"order_by_field": "RECORDNO", "order": "ascending"}
    pages = client.bills.get_all_generator("RECORDID", "SDK-1", ["DESCRIPTION"], **ordered)
    assert list(pages) == [[{"DESCRIPTION": "changed"}]]
    client.bills.delete(number)
    left = {"equalto": {"field": "RECORDID", "value": "SDK-1"}}
    assert client.bills.get_by_query(fields=["RECORDNO"], filter_payload=left) == []


def test_sageintacctsdk_attaches_and_orders(intacct: IntacctBench) -> None:
    client = sdk(intacct)
    client.attachments.create_attachments_folder({"supdocfoldername": "SDK"})
    client.attachments.post({
        "supdocid": "SDK-A", "supdocname": "SDK-A", "supdocfoldername": "SDK",
        "attachments": {"attachment": [
            {"attachmentname": "invoice", "attachmenttype": "edi", "attachmentdata": "SVNBKg=="},
        ]},
    })  # fmt: skip
    found = client.attachments.get_attachment("supdocid", "SDK-A")
    assert found["data"]["supdoc"]["attachments"]["attachment"]["attachmentname"] == "invoice"
    made = client.order_entry_transactions.post({
        "transactiontype": "Sales Order", "datecreated": {"year": 2025, "month": 3, "day": 5}, "customerid": "C-42",
        "referenceno": "PO-1", "datedue": {"year": 2025, "month": 4, "day": 5},
        "sotransitems": {"sotransitem": [
            {"itemid": "WIDGET1", "quantity": 2, "unit": "Each", "price": "19.90", "locationid": "110"},
        ]},
    })  # fmt: skip
    assert made["key"].startswith("Sales Order-SO")


def test_sageintacctsdk_is_told_what_is_wrong(intacct: IntacctBench) -> None:
    errors = pytest.importorskip("sageintacctsdk.exceptions")
    client = sdk(intacct)
    with pytest.raises(errors.WrongParamsError) as refused:
        client.bills.post(sdk_bill("SDK-2", "NOBODY"))
    first = refused.value.response["error"][0]
    assert first["description2"].startswith("Invalid Vendor 'NOBODY' specified. [Support ID: ")
    intacct.switch(forbidden=["VENDOR"])
    with pytest.raises(errors.NoPrivilegeError):
        client.vendors.count()
    intacct.control.post("/sage_intacct/sessions/end").raise_for_status()
    with pytest.raises(errors.InvalidTokenError):
        client.accounts.count()


def test_sageintacctsdk_sees_private_data_when_it_asks_for_it(intacct: IntacctBench) -> None:
    client = sdk(intacct, show_private=True)
    assert "V-30" in {row["VENDORID"] for row in client.vendors.get_all()}


# pyintacct


@pytest.fixture(scope="module")
def environment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with pyintacct, made once for the lock file that it was made from."""
    lock = CLIENTS / "pyintacct.lock"
    name = f"pyintacct-{uuid.uuid5(uuid.NAMESPACE_URL, lock.read_text('utf-8') + sys.version).hex[:12]}"
    cache = getattr(request.config, "cache", None)
    folder = Path(cache.mkdir("clients")) if cache is not None else tmp_path_factory.mktemp("clients")
    if not (folder / name).exists():
        fresh = folder / f"{name}-{uuid.uuid4().hex}"
        made = [
            [sys.executable, "-m", "venv", "--without-pip", str(fresh)],
            [*PIP, "--python", str(fresh / "bin" / "python"), "install", "-q", "--require-hashes", "-r", str(lock)],
        ]
        for command in made:
            done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
            if done.returncode:
                shutil.rmtree(fresh, ignore_errors=True)
                pytest.skip(f"pyintacct cannot be installed here: {done.stderr[-300:]}")
        try:
            fresh.rename(folder / name)
        except OSError:  # another worker was first
            shutil.rmtree(fresh, ignore_errors=True)
    return folder / name / "bin" / "python"


def test_pyintacct_follows_the_endpoint_pages_writes_deletes_and_is_told(
    intacct: IntacctBench, environment: Path
) -> None:
    login = intacct.login
    names = ("sender_id", "sender_password", "company_id", "user_id", "user_password")
    done = subprocess.run(
        [str(environment), str(CLIENTS / "pyintacct_client.py"), intacct.url, *(login[name] for name in names)],
        env={**os.environ, "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads(done.stdout)
    assert set(seen["vendors"]) == {"V-17", "V-18", "V-19", "V-20", "V-21"}
    assert seen["endpoint"].endswith(intacct.options.session_path)
    assert seen["found"] == [seen["bill"]]
    assert (seen["left"], seen["private"]) == (0, ["V-30"])
    assert seen["types"] > 20
    assert "Invalid Vendor 'NOBODY' specified." in seen["refused"]
