"""Bills of a company that books VAT have a tax detail on each line; what takes none is held (intacct 4, 7.1)."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ml_connector.documents.erp_postings import BillLine
from ml_connector.errors import NeedsCorrection, Reason, RefusedBySystem
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.systems.sage_intacct.erp import IntacctErp
from ml_connector_tests.systems.sage_intacct.bench import Bench
from ml_connector_tests.systems.sage_intacct.billing import account_line, bill_of, lines_of, order_of, plan, receive
from ml_connector_tests.systems.sage_intacct.stage import ERP, INTEGRATION, Stage, open_stage

DETAILS = {"Standard": "20", "Zero": "0"}


def vat_company(bench: Bench) -> IntacctErp:
    bench.options.tax_details = True
    return bench.erp(tax_details=DETAILS, tax_solution="United Kingdom - VAT")


def taxed(amount: str, tax: str, code: str = "Standard", **more: Any) -> BillLine:
    return account_line(amount, vat_code=code, vat_amount=Decimal(tax), **more)


def test_each_line_has_its_detail_and_the_bill_is_what_the_supplier_asked_for(bench: Bench) -> None:
    erp = vat_company(bench)
    lines = taxed("10.03", "2.01", number=1), taxed("20.03", "4.01", number=2), taxed("5.00", "0", "Zero", number=3)
    bill = bill_of(*lines, vat_total=Decimal("6.01"), total=Decimal("41.07"))
    ((operation, _),) = bench.post(erp, plan(erp, bill))
    (row,) = bench.rows("APBILL", RECORDID=bill.number)
    assert row.amount("TRX_TOTALENTERED") == bill.total, "a cent less than the lines' own taxes come to"
    told = [(one.text("TAX_DETAILS"), one.amount("TRX_TAX")) for one in bench.state.main.lines("APBILL", row)]
    assert told == [("Standard", Decimal("2.01")), ("Standard", Decimal("4.00")), ("Zero", Decimal("0.00"))]
    assert row.text("TAXSOLUTIONID") == "United Kingdom - VAT"
    assert "TAXENTRIES" in operation.payload


def test_without_details_the_company_refuses_and_says_what_to_set(bench: Bench) -> None:
    bench.options.tax_details = True
    erp = bench.erp()
    with pytest.raises(RefusedBySystem) as refused:
        bench.post(erp, plan(erp, bill_of(account_line())))
    assert "tax_details of the connection" in refused.value.remedy


def test_documents_that_take_no_details_are_for_a_person_where_they_have_tax(bench: Bench) -> None:
    erp = vat_company(bench)
    order = order_of(bench, erp)
    receive(bench, order)
    tax = {"vat_total": Decimal("2.00"), "total": Decimal("12.00")}
    for bill in (bill_of(*lines_of(order), **tax), bill_of(taxed("10.00", "2.00"), credit=True, **tax)):
        with pytest.raises(NeedsCorrection) as held:
            plan(erp, bill)
        assert held.value.reason is Reason.UNSUPPORTED_DOCUMENT
        assert "2.00 of tax" in held.value.message
    assert plan(erp, bill_of(*lines_of(order))), "without tax it is as everywhere"


def test_whose_taxes_are_whose_stands_with_the_connection(bench: Bench) -> None:
    assert bench.erp().traits.coding.taxes == "none"
    erp = vat_company(bench)
    assert erp.traits.coding.taxes == "vat_codes"
    rows = erp.tables["vat_codes"].read(None).rows
    assert {row.id: row.percentage for row in rows} == {"Standard": 20, "Zero": 0}  # type: ignore[attr-defined]


def invoice(stage: Stage, number: str, percent: str, tax: str) -> None:
    """An 810 of the supplier, without an order: 100.00 and its tax."""
    segments = [
        *(f"BIG*{stage.sandbox.clock.now():%Y%m%d}*{number}", "IT1*1*1*EA*100**VP*SAND"),
        *(f"TXI*VA*{tax}*{percent}", f"TDS*{int((100 + Decimal(tax)) * 100)}", "CTT*1"),
    ]
    body = "".join(f"{one}~" for one in ("ST*810*0001", *segments, f"SE*{len(segments) + 2}*0001"))
    head = "ISA*00*          *00*          *ZZ*LAKESIDEIRON   *ZZ*ACMEMFG        *261120*1000*U*00401*{0}*0*P*>~"
    control = f"{int(number.removeprefix('VAT-')):09d}"
    text = head.format(control) + f"GS*IN*LAKESIDEIRON*ACMEMFG*20261120*1000*1*X*004010~{body}GE*1*1~IEA*1*{control}~"
    folders = stage.sandbox.cleo.folders
    folder = folders.folder("/IRONWORKS/inbox")
    stage.sandbox.call(lambda: folders.put(folder, f"{number}.edi", text.encode(), owner="partner"))


def test_an_invoice_is_posted_with_the_detail_that_a_rule_names(tmp_path: Path) -> None:
    def change(_: Path, settings: dict[str, Any]) -> None:
        settings["connections"][ERP] |= {"tax_details": {"Standard": 20, "Zero": 0}}
        coding = settings["integrations"][INTEGRATION]["flows"]["invoices_in"]["coding"]
        coding["vat"] = [{"percent": "20", "code": "Standard"}, {"percent": "5", "code": "Reduced"}]

    with open_stage(tmp_path, change=change) as stage:
        stage.sandbox.sage_intacct.options.tax_details = True
        invoice(stage, "VAT-1", "20", "20.00")
        invoice(stage, "VAT-2", "5", "5.00")
        stage.run()
        (row,) = stage.rows("APBILL")
        assert (row.text("RECORDID"), row.amount("TRX_TOTALENTERED")) == ("VAT-1", Decimal("120.00"))
        assert {one.number: (one.state, one.reason) for one in stage.documents("invoices_in")} == {
            "VAT-1": (S.POSTED, None),
            "VAT-2": (S.QUARANTINED, Reason.MISSING_VAT_CODE),
        }
