"""Vendors that come through Cleo become vendors of Sage Intacct once, or are linked with those there (issue 16, 2)."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ml_connector.errors import TryAgain
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.sandbox.sage_intacct.partners import ACMEBUY
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.systems.sage_intacct.stage import Stage, open_stage

COLUMNS = "Vendor,Change,Name,OurCode,TaxNumber,BankAccount,Street,PostalCode,City,Region,Country,PaymentTerms"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with open_stage(tmp_path) as made:
        made.run()
        yield made


def send(stage: Stage, name: str, *rows: str) -> None:
    """Purchasing leaves a file of vendors."""
    data = "\n".join((COLUMNS, *rows, "")).encode()
    folders = stage.sandbox.cleo.folders
    folder = folders.folder(f"/{ACMEBUY.name}/inbox")
    stage.sandbox.call(lambda: folders.put(folder, name, data, owner="partner"))


def told(stage: Stage) -> dict[str, tuple[S, str | None]]:
    return {row.number: (row.state, row.reason) for row in stage.documents("vendors_in")}


def vendors(stage: Stage, name: str) -> list[Any]:
    return [row for row in stage.rows("VENDOR") if row.text("NAME") == name]


def document(stage: Stage, number: str) -> int:
    (row,) = [row for row in stage.documents("vendors_in") if row.number == number]
    return row.id


def work(stage: Stage, rounds: int = 1, *, seconds: float = 700) -> None:
    for _ in range(rounds):
        stage.run()
        stage.sandbox.clock.move(seconds)


FORGE = "B-1,,Dayton Forge & Sons Inc.,,52-1112223,,12 Anvil Rd,45402,Dayton,OH,US,30 days"


def test_each_proposal_finds_its_vendor_or_a_person(stage: Stage) -> None:
    before = len(stage.rows("VENDOR"))
    send(
        stage,
        "vendors.csv",
        "B-17,,LAKESIDE IRONWORKS,,381234567,,,,,,,",  # by tax number
        "B-18,,Precision Fasteners,,,,88 Thread Avenue,43604-0001,Toledo,OH,US,",  # by name and address
        "B-19,,Badger Freight Company,,,,,,,,,",  # by name alone
        FORGE,  # new
        "B-2,,DAYTON FORGE AND SONS,,521112223,,,,,,,",  # the same new one again
        "B-3,,Somewhere Else,,,,,,,,,",  # new, and too little is known of it
        "B-4,removed,Twin Cities Tooling,,41-5556667,,,,,,,",
    )
    work(stage)
    assert told(stage) == {
        "B-17": (S.APPLIED, None),
        "B-18": (S.APPLIED, None),
        "B-19": (S.QUARANTINED, "vendor_candidates"),
        "B-1": (S.APPLIED, None),
        "B-2": (S.QUARANTINED, "vendor_proposed_twice"),
        "B-3": (S.QUARANTINED, "unknown_supplier"),
        "B-4": (S.QUARANTINED, "vendor_unclear"),
    }
    (made,) = vendors(stage, "Dayton Forge & Sons Inc.")
    assert (made.text("TAXID"), made.text("TERMNAME")) == ("52-1112223", "Net 30")
    assert made.text("DISPLAYCONTACT.MAILADDRESS.CITY") == "Dayton"
    assert len(stage.rows("VENDOR")) == before + 1

    work(stage, 2)
    assert told(stage)["B-2"] == (S.APPLIED, None), "the two have become one"
    linked = [row.work for row in stage.documents("vendors_in") if row.number in {"B-1", "B-2"}]
    assert all(made.text("VENDORID") in str(one) for one in linked)
    assert len(stage.rows("VENDOR")) == before + 1

    # A person says which it is, or that it is none.
    held = document(stage, "B-19")
    shown = say("documents", "show", str(held)).out
    assert "V-19 Badger Freight Co." in shown
    assert say("vendors", "link", str(held), "V-77").code != 0
    assert say("vendors", "link", str(held), "V-19").code == 0
    assert say("vendors", "create", str(document(stage, "B-3"))).code == 0
    assert say("vendors", "create", str(document(stage, "B-17"))).code != 0, "it is linked"
    work(stage)
    assert (told(stage)["B-19"], told(stage)["B-3"]) == ((S.APPLIED, None), (S.APPLIED, None))
    assert len(vendors(stage, "Somewhere Else")) == 1

    # What became of a vendor since comes under its number; a repeat is a duplicate.
    send(stage, "more.csv", FORGE, "B-19,changed,Badger Freight Logistics,,,,,,,,,")
    work(stage)
    states = [row.state for row in stage.documents("vendors_in") if row.number == "B-1"]
    assert sorted(states) == [S.APPLIED, S.DUPLICATE]
    assert [row.state for row in stage.documents("vendors_in") if row.number == "B-19"] == [S.APPLIED, S.APPLIED]
    assert len(stage.rows("VENDOR")) == before + 2


def test_another_bank_account_is_asked_about_and_never_written(stage: Stage) -> None:
    send(stage, "vendors.csv", "B-17,,Lakeside Ironworks,,38-1234567,071000013/11112222,,,,,,")
    work(stage)
    assert told(stage) == {"B-17": (S.QUARANTINED, "vendor_differs")}
    (vendor,) = [row for row in stage.rows("VENDOR") if row.text("VENDORID") == "V-17"]
    assert vendor.text("ACHACCOUNTNUMBER") == "99887766"


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.LATE_COMMIT])
def test_lost_answers_and_reads_that_lag_make_no_vendor_twice(stage: Stage, kind: FaultKind) -> None:
    stage.sandbox.sage_intacct.options.lag_seconds = 5.0
    rows: Sequence[str] = [f"N-{at},,Vendor Number {at} LLC,,,,{at} New Rd,55101,St. Paul,MN,US," for at in range(6)]
    send(stage, "vendors.csv", *rows)
    for at in range(0, 24, 3):
        late = {"seconds": 60.0, "real_time": False, "skip": at}
        stage.sandbox.call(stage.sandbox.faults.add, Fault(kind, system="sage_intacct", method="POST", **late))
    for _ in range(6):
        with suppress(TryAgain):
            stage.run()
        stage.sandbox.clock.move(700)
    stage.sandbox.faults.clear()
    send(stage, "again.csv", *(row.replace("N-", "M-") for row in rows))
    work(stage, 3)
    assert {state for state, _ in told(stage).values()} == {S.APPLIED}
    assert [len(vendors(stage, f"Vendor Number {at} LLC")) for at in range(6)] == [1] * 6


def test_who_sent_an_invoice_that_nobody_knows_is_proposed(stage: Stage) -> None:
    invoice = [
        ["810"],
        ["BIG", "20261120", "INV-9", "", "PO0213"],
        ["N1", "SE", "Badger Freight Co", "92", "77"],
        ["N3", "400 Dock Street"],
        ["N4", "Milwaukee", "WI", "53202", "US"],
        ["IT1", "1", "1", "EA", "10", "", "VP", "X"],
        ["TDS", "1000"],
        ["CTT", "1"],
    ]
    text = (
        "ISA*00*          *00*          *ZZ*BADGER         *ZZ*ACMEMFG        *261120*1000*U*00401*000000001*0*P*>~"
        "GS*IN*BADGER*ACMEMFG*20261120*1000*1*X*004010~"
        "ST*810*0001~" + "".join("*".join(one) + "~" for one in invoice[1:]) + "SE*9*0001~GE*1*1~IEA*1*000000001~"
    )
    folders = stage.sandbox.cleo.folders
    folder = folders.folder("/IRONWORKS/inbox")
    stage.sandbox.call(lambda: folders.put(folder, "stranger.edi", text.encode(), owner="partner"))
    work(stage, 2)
    (row,) = stage.documents("vendors_in")
    assert (row.state, row.number) == (S.APPLIED, "ZZ/BADGER")
    assert '"vendor": "V-19"' in (row.work or "")
    work(stage)
    assert len(stage.documents("vendors_in")) == 1, "proposed once"
