"""Invoices and credits of every type and purpose, with charges, taxes and signs in any combination, against an oracle
that shares no code with the project: nothing is posted that its codes do not plainly ask for, and what is posted comes
to the document's own total.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from string import ascii_uppercase
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.config.partners import MatchTolerances
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.reference import Item
from ml_connector.edi.interchange import ReceivedSet, read_interchanges
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.quarantine import attempt
from ml_connector.flows.invoices_in.coding import code_invoice
from ml_connector.flows.invoices_in.earlier_invoices import about_of
from ml_connector.flows.invoices_in.invoice_doubts import check_itself
from ml_connector.flows.invoices_in.matching import match_invoice
from ml_connector.systems.exact_online.posting.bills import BillPlanner
from ml_connector.systems.exact_online.settings import ExactSettings
from ml_connector_tests.flows import builders as b
from ml_connector_tests.support.examples import some

D = Decimal
CENT = D("0.01")

# x12-procurement 8, the table under BIG: written here once more, by hand.
INVOICES = set(
    "DI PR FB EB EF EI ER IB IF IR IU MF MI MR MS RF UF PB PA BA BH CT DO SM SS MM CI CD".split()  # noqa: SIM905
)
CREDITS = {"CN", "CR", "CE", "CG", "MC", "CC"}
ALL_TYPES = ["", *(one + two for one in ascii_uppercase for two in ascii_uppercase)]
PURPOSES = ["", "00", "01", "04", "05", "06", "07", "14", "22", "53", "ZZ"]


@dataclass(frozen=True)
class Made:
    """An 810 as it was made, and what it says by itself: its type, purpose, and total in cents as written."""

    text: str
    type: str
    purpose: str
    total: int
    #: By how many cents the total was falsified.
    off: int

    @property
    def wanted(self) -> str:
        """invoice, credit or held: what the codes and the signs plainly ask for."""
        code = self.type.upper()
        if self.purpose not in {"", "00"} or self.off or not self.total:
            return "held"
        if code in CREDITS:
            return "credit"
        if not code:
            return "credit" if self.total < 0 else "invoice"
        return "invoice" if code in INVOICES and self.total > 0 else "held"


def cents(value: Decimal) -> int:
    return int((value * 100).quantize(D(1), ROUND_HALF_UP))


@st.composite
def made(draw: st.DrawFn) -> Made:
    """Exact amounts only, so that the oracle's sum is the total to the cent. negative: a credit as some send it."""
    odd = draw(st.sampled_from(["", "", "", "type", "purpose", "total"]))
    kind = draw(st.sampled_from(ALL_TYPES if odd == "type" else ["", *4 * sorted(CREDITS), *sorted(INVOICES)]))
    kind = kind.lower() if draw(st.booleans()) else kind
    purpose = draw(st.sampled_from(PURPOSES if odd == "purpose" else ["", "00"]))
    sign = -1 if draw(st.booleans()) and kind.upper() not in INVOICES else draw(st.sampled_from([1, 1, 1, -1]))
    net, lines = 0, []
    for at in range(1, draw(st.integers(1, 3)) + 1):
        quantity, price = draw(st.integers(1, 9)), draw(st.integers(500, 999))
        net += sign * quantity * price
        lines.append(f"IT1*{at}*{sign * quantity}*EA*{D(price) / 100}**VP*NW-{at}")
        if draw(st.booleans()):
            amount = draw(st.integers(1, 99))
            net += sign * amount
            lines.append(f"SAC*C*D240***{sign * amount}")
    summary = []
    if draw(st.booleans()):
        allowance = draw(st.sampled_from(["A", "C", "N"]))
        amount = draw(st.integers(1, 9))
        net += {"A": -1, "C": 1, "N": 0}[allowance] * sign * amount
        summary.append(f"SAC*{allowance}*C310***{sign * amount}")
    if draw(st.booleans()):
        quantity, rate = draw(st.integers(1, 5)), draw(st.integers(1, 9))
        net += sign * quantity * rate
        summary.append(f"SAC*C*H090******{D(sign * rate) / 100:f}*EA*{quantity}")
    percent = draw(st.sampled_from([0, 9, 21]))
    tax = cents(D(net) * percent / 10000)
    written = draw(st.sampled_from(["TXI", "SAC", "line"])) if percent else "TXI"
    if written == "SAC":
        summary.insert(0, f"SAC*C*H850***{tax}")
    elif written == "line" and len(lines) == 1 and not summary:
        lines.append(f"SAC*C*D360***{tax}")
    else:
        summary.insert(0, f"TXI*VA*{D(tax) / 100:f}*{percent}")
    off = draw(st.sampled_from([-7, -1, 1, 100])) if odd == "total" else 0
    total = net + tax + off
    big = f"BIG*20261120*X-1**26000017***{kind}*{purpose}".rstrip("*")
    body = [big, "CUR*SE*EUR", *lines, f"TDS*{total}", *summary, f"CTT*{sum(one[:3] == 'IT1' for one in lines)}"]
    return Made("~".join(body) + "~", kind, purpose, total, off)


def read(text: str) -> Invoice:
    data = (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'NORTHWIND':15}*ZZ*{'VOLTWERK':15}*261120*1000*U*00401*000000001*0*P*>~"
        f"GS*IN*NORTHWIND*VOLTWERK*20261120*1000*1*X*004010~ST*810*0001~{text}"
        f"SE*{text.count('~') + 2}*0001~GE*1*1~IEA*1*000000001~"
    )
    [received] = [item for item in read_interchanges(data.encode()) if isinstance(item, ReceivedSet)]
    assert isinstance(received.document, Invoice)
    return received.document


ORDER = b.order(*(b.order_line(n, price=D("9.99"), quantity=D(100), received=D(100)) for n in range(1, 4)))
ITEMS = {code: Item(id=f"i-{code}", code=code) for code in ("FREIGHT", "DISCOUNT", "HANDLING")}
CODING = b.coding(
    charge_items={"D240": "FREIGHT", "C310": "DISCOUNT", "H090": "HANDLING"},
    charge_accounts={"D240": "4400", "C310": "4400", "H090": "4400"},
)
# Every line has its tax rounded; the whole may differ from the tax stated by half a cent a line.
TOLERANCES = MatchTolerances(vat=D("0.10"))


def post(one: Invoice, mode: str) -> Mapping[str, Any] | NeedsCorrection:
    """The body that would be posted, or why nothing is."""

    def planned() -> Mapping[str, Any]:
        if about_of(one, b.partner(), flat=False) is not None:
            raise NeedsCorrection(Reason.NOT_A_FIRST_INVOICE, "about another one")
        check_itself(one, b.partner(), b.VENDOR, date(2026, 11, 21), 31)
        rules = b.rules(mode=mode, tolerances=TOLERANCES)
        matched = match_invoice(one, b.VENDOR, b.book(ORDER), rules)
        bill = code_invoice(
            one, matched, b.VENDOR, b.partner(cost_center="OPS", gl_account="4000"), CODING, b.tables(items=ITEMS),
            rules.tolerances,
        )  # fmt: skip
        (operation,) = BillPlanner(SETTINGS, lambda: "1", lambda _: 0).plan(bill, "mlc-1")
        return {**json.loads(operation.payload, parse_float=D, parse_int=D), "credit": bill.credit}

    return attempt(planned)


SETTINGS = ExactSettings("exact_nl")
RATES = {"2": D(21), "3": D(9), "0": D(0)}


def posted_total(body: Mapping[str, Any]) -> Decimal:
    """What the ERP books: each line, and its VAT as stated or by its code."""
    total = D(0)
    for line in body.get("PurchaseInvoiceLines") or body["PurchaseEntryLines"]:
        amount = D(line.get("Amount", line.get("AmountFC")))
        stated = line.get("VATAmount", line.get("VATAmountFC"))
        vat = D(stated) if stated is not None else (amount * RATES[line["VATCode"]] / 100).quantize(CENT, ROUND_HALF_UP)
        total += amount + vat
    return total


@settings(max_examples=some(400), deadline=None)
@given(made(), st.sampled_from(["auto", "coded"]))
def test_what_is_posted_is_what_codes_and_total_plainly_ask_for(one: Made, mode: str) -> None:
    body = post(read(one.text), mode)
    if one.wanted == "held":
        assert isinstance(body, NeedsCorrection), one
        return
    assert not isinstance(body, NeedsCorrection), (body, one)
    assert body["credit"] is (one.wanted == "credit")
    assert abs(posted_total(body)) == abs(D(one.total) / 100)


def test_every_type_is_posted_as_the_table_says_or_held() -> None:
    for code in ALL_TYPES:
        text = f"BIG*20261120*X-1**26000017***{code}~IT1*1*10*EA*1.00**VP*NW-1~TDS*1000~CTT*1~".replace("***~", "~")
        body = post(read(text), "auto")
        if code and code not in INVOICES | CREDITS:
            assert isinstance(body, NeedsCorrection)
        else:
            assert not isinstance(body, NeedsCorrection), body
            assert (body["credit"], posted_total(body)) == (code in CREDITS, D("10.00"))
