"""Whatever is sent, right or spoilt, the books stay whole: lines have headers, quantities and amounts add up."""

import copy
import random
from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

from lxml import etree

from ml_connector.sandbox.sage_intacct.books.company import Company
from ml_connector_tests.sandbox.sage_intacct.bench import IntacctBench, bill, day, equal, item, transaction
from ml_connector_tests.sandbox.sage_intacct.test_documents import acknowledged, adjustment
from ml_connector_tests.sandbox.sage_intacct.test_writing import entry, paid, payment, vendor
from ml_connector_tests.support.examples import some

SPOILT = [
    "", "0", "-1", "²", "١٢", "1_0", "1e9", "99999999999999999999", "NaN", "'", "%", "x" * 3000, "\u202e", "01/01/0001",
    "13/45/2025", "2025-01-01", "true", "*", "(", "\\", "VENDOR", "VENDOR.NAME", "1", "101", "0.0000000000001", "Draft",
]  # fmt: skip


def calls(order: dict[str, Any]) -> list[str]:
    """One of each kind that are right, or could be."""
    key, source = order["lines"][0]["key"], order["docid"]
    query = (
        "<query><object>APBILL</object><select><field>RECORDNO</field></select><filter><and>"
        f"{equal('VENDORID', 'V-17')}{equal('STATE', 'Posted')}</and></filter><pagesize>10</pagesize></query>"
    )
    return [
        bill("W-1"), bill("W-2", ACTION="Draft"), adjustment("W-A", "-1"), vendor("V-W"), query,
        transaction("PO Receiver", item(quantity="1", key=key), source=source, number="W"),
        transaction("PO Receiver", item(quantity="1", key=key), source=source, number="W", state="Draft"),
        transaction("Vendor Invoice", item(), number="W"),
        acknowledged(source, f"<quantity>8</quantity>{day('promiseddate', '2025-03-12')}"),
        payment(paid("101", "1.00")), entry(("6800", "1", "2.50"), ("2000", "-1", "2.50")),
        "<readByQuery><object>VENDOR</object><query>VENDORID = 'V-17'</query><pagesize>2</pagesize></readByQuery>",
        "<read><object>APBILL</object><keys>101</keys><fields>*</fields></read>",
        "<delete><object>APBILL</object><keys>102</keys></delete>",
        "<update><APBILL><RECORDNO>101</RECORDNO><DESCRIPTION>x</DESCRIPTION></APBILL></update>",
        f'<reverse_bill key="103">{day("datereversed", "2025-01-01")}</reverse_bill>',
        f'<reverse_appayment key="104">{day("datereversed", "2025-01-01")}</reverse_appayment>',
        '<delete_potransaction key="PO Receiver-RC0031"/>', '<delete_potransaction key="Vendor Invoice-VI0071"/>',
    ]  # fmt: skip


def spoil(chosen: random.Random, call: str) -> str:
    """Some element or attribute of it gets another value, goes, or comes twice."""
    root = etree.fromstring(call)
    for _ in range(chosen.choice([0, 0, 1, 2])):
        element = chosen.choice(list(root.iter()))
        parent, how = element.getparent(), chosen.random()
        if how < 0.7 and len(element) == 0:
            element.text = chosen.choice(SPOILT)
        elif how < 0.8 and element.attrib:
            element.attrib[chosen.choice(list(element.attrib))] = chosen.choice(SPOILT)
        elif parent is not None and how < 0.9:
            parent.remove(element)
        elif parent is not None:
            parent.append(copy.deepcopy(element))
    return etree.tostring(root, encoding="unicode")


def test_the_books_stay_whole_and_every_request_is_answered(fresh: IntacctBench) -> None:
    chosen = random.Random(16)
    right = calls(fresh.order(3)[0])
    seen: Counter[str] = Counter()
    for at in range(some(400)):
        if at % 50 == 49:
            right = calls(fresh.order()[0])
        call = spoil(chosen, chosen.choice(right))
        entity = chosen.choice(["", "", "", "100"])
        answer = fresh.post(fresh.document(call, transaction=chosen.random() < 0.3, entity=entity))
        assert answer.status_code == 200, call
        root = etree.fromstring(answer.content)
        seen[root.findtext("operation/result/status") or "control"] += 1
    assert min(seen["success"], seen["failure"]) > 0
    books = fresh.state.main
    assert wrong(books) == []
    next(iter(books.tables["APBILL"])).values["TRX_TOTALDUE"] += 1
    next(iter(books.tables["PODOCUMENTENTRY"])).values["QTY_CONVERTED"] += 1
    assert len(wrong(books)) == 2, "it can tell"


def wrong(books: Company) -> list[str]:
    """What does not add up."""
    found: list[str] = []
    for table in books.tables.values():
        lines = table.shape.lines
        if lines is not None:
            headers = {row.number for row in table}
            lost = [row for row in books.tables[lines.object] if row.values[lines.parent] not in headers]
            found += [f"{lines.object} {row.number} has no header" for row in lost]
    taken: defaultdict[int, Decimal] = defaultdict(Decimal)
    for document in books.tables["PODOCUMENT"]:
        if document.text("STATE") == "Draft":
            continue
        posted = books.tables["APBILL"].get(document.values.get("PRRECORDKEY") or 0)
        if document.text("DOCPARID") == "Vendor Invoice" and posted is None:
            found.append(f"{document.text('DOCID')} has no bill")
        for line in books.lines("PODOCUMENT", document):
            if line.values.get("SOURCE_DOCLINEKEY"):
                taken[line.values["SOURCE_DOCLINEKEY"]] += line.amount("UIQTY")
    found += [
        f"line {line.number} converted {line.amount('QTY_CONVERTED')}, not {taken[line.number]}"
        for line in books.tables["PODOCUMENTENTRY"]
        if line.amount("QTY_CONVERTED") != taken[line.number]
    ]
    for row in books.tables["APBILL"]:
        entered = row.amount("TRX_TOTALENTERED")
        total = sum((line.amount("TRX_AMOUNT") for line in books.lines("APBILL", row)), Decimal(0))
        if row.amount("TRX_TOTALDUE") + row.amount("TRX_TOTALPAID") != entered or total != entered:
            found.append(f"bill {row.number} does not add up")
    for batch in books.tables["GLBATCH"]:
        sides = [line.amount("TRX_AMOUNT") * line.values["TR_TYPE"] for line in books.lines("GLBATCH", batch)]
        if sum(sides) and batch.text("STATE") == "Posted":
            found.append(f"entry {batch.number} does not balance")
    return found
