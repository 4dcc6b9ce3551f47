"""Dimensions by name: the first place that says a code wins, and every code is checked, whatever the ERP calls it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.config.dimensions import DimensionCoding
from ml_connector.config.integrations import Coding
from ml_connector.documents.common import AllowanceCharge, AllowanceKind, Tax, changed
from ml_connector.documents.reference import CostCenter, GLAccount, Item, Requirement
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.ports import CodingTraits
from ml_connector.flows.core.quarantine import attempt
from ml_connector.flows.reference.coding_tables import CodingTables
from ml_connector_tests.flows import builders as b
from ml_connector_tests.flows.american import US, code, tables
from ml_connector_tests.flows.builders import D
from ml_connector_tests.support.examples import some


def department(**codes: Any) -> Coding:
    return Coding(dimensions={"department": DimensionCoding(**codes)})


def test_each_place_says_a_department_and_the_first_one_wins() -> None:
    """docs/coding.md: order line, item mapping, item in the ERP, supplier in the ERP, partner file, default."""
    places: dict[str, dict[str, Any]] = {
        "10": {"ordered": b.order(b.order_line(cost_center="", other_dimensions={"department": "10"}), currency="USD")},
        "20": {"coding": department(items={"A-1": "20"}, default="60")},
        "30": {"tables": tables(items={"A-1": Item(id="item1", code="A-1", gl_account="4000",
                                                  dimensions={"department": "30"})})},
        "40": {"vendor": changed(b.VENDOR, dimensions={"department": "40"})},
        "50": {"partner": b.partner(dimensions={"department": "50"})},
        "60": {"coding": department(default="60")},
    }  # fmt: skip
    ways = list(places.items())
    for at, (wanted, _) in enumerate(ways):
        changes: dict[str, Any] = {}
        for _, more in reversed(ways[at:]):
            changes.update(more)
        assert code(**changes).lines[0].dimensions == {"department": wanted}


@pytest.mark.parametrize(
    ("default", "wanted"), [("99", Reason.UNMAPPED_COST_CENTER), ("OLD", Reason.INACTIVE_COST_CENTER)]
)
def test_a_department_must_exist_and_be_open(default: str, wanted: Reason) -> None:
    with pytest.raises(NeedsCorrection, match="Department") as held:
        code(coding=department(default=default))
    assert held.value.reason is wanted
    assert held.value.data["dimension"] == "department"


def wanting(**wanted: Requirement) -> CodingTables:
    return tables(accounts={"4000": GLAccount(id="g4000", code="4000", other_dimensions=wanted)})


def test_an_account_that_wants_a_location_holds_a_bill_without_one() -> None:
    strict = wanting(location=Requirement.MANDATORY)
    with pytest.raises(NeedsCorrection, match="wants a location") as held:
        code(coding=department(default="10"), tables=strict)
    assert held.value.reason is Reason.UNMAPPED_COST_CENTER
    assert code(partner=b.partner(dimensions={"location": "NY"}), tables=strict).lines[0].dimensions == {
        "location": "NY"
    }


def test_a_dimension_that_the_erp_lacks_is_not_posted() -> None:
    both = Coding(default_cost_center="OPS", dimensions={"department": DimensionCoding(default="10")})
    assert code(coding=both).lines[0].dimensions == {"department": "10"}
    vat = code(b.invoice(), ordered=b.order(), coding=b.coding(default_cost_center="OPS"), traits=CodingTraits())
    assert vat.lines[0].dimensions == {"cost_center": "OPS"}


@pytest.mark.parametrize(("codes_matched_lines", "account", "link"), [(True, "g4000", "line1"), (False, "", "line1")])
def test_a_matched_line_carries_an_account_where_the_erp_takes_one(
    codes_matched_lines: bool, account: str, link: str
) -> None:
    (line,) = code(traits=replace(US, codes_matched_lines=codes_matched_lines)).lines
    assert (line.gl_account_id, line.gl_account_code, line.order_line_id) == (account, "4000", link)


def test_the_order_lines_own_account_wins_on_a_matched_line() -> None:
    ordered = b.order(b.order_line(cost_center="", gl_account="4400"), currency="USD")
    assert code(ordered=ordered, coding=Coding(item_accounts={"A-1": "4000"})).lines[0].gl_account_code == "4400"


def test_accounts_of_matched_lines_are_checked_too() -> None:
    for account, wanted in (("4999", Reason.BLOCKED_ACCOUNT), ("0", Reason.UNMAPPED_ACCOUNT)):
        with pytest.raises(NeedsCorrection) as held:
            code(coding=Coding(item_accounts={"A-1": account}))
        assert held.value.reason is wanted
    with pytest.raises(NeedsCorrection) as held:
        code(tables=replace(tables(), item={}.get))
    assert held.value.reason is Reason.UNMAPPED_ACCOUNT


def test_older_keys_and_the_general_one_are_one_setting() -> None:
    older = Coding(default_cost_center="OPS", item_cost_centers={"A-1": "X"}, default_cost_unit="U")
    newer = Coding(
        dimensions={
            "cost_center": DimensionCoding(default="OPS", items={"A-1": "X"}),
            "cost_unit": DimensionCoding(default="U"),
        }
    )
    for name in ("cost_center", "cost_unit", "department"):
        assert older.dimension(name) == newer.dimension(name)
    assert older.dimension_names == newer.dimension_names == ("cost_center", "cost_unit")
    with pytest.raises(ValueError, match=r"default_cost_center says OPS and dimensions.cost_center.default says HQ"):
        Coding(default_cost_center="OPS", dimensions={"cost_center": DimensionCoding(default="HQ")})
    with pytest.raises(ValueError, match=r"cost_unit says U and dimensions.cost_unit says V"):
        b.partner(cost_unit="U", dimensions={"cost_unit": "V"})


# ---------------------------------------------------------------------- whatever is configured

NAMES = ("cost_center", "cost_unit", "department", "location", "subaccount")
CODES = ("", "A", "B")


@st.composite
def configured(draw: st.DrawFn) -> dict[str, Any]:
    """Traits, settings, accounts that want this or that, and an invoice whose parts come to its total."""
    codes = st.sampled_from(CODES)
    per_name = st.dictionaries(st.sampled_from(NAMES), codes)
    taxes = draw(
        st.lists(
            st.tuples(st.sampled_from(("ST", "CS", "VA")), st.integers(-50, 5000), st.sampled_from(("", "NY"))),
            max_size=4,
        )
    )
    quantity, price = draw(st.integers(1, 99)), D(draw(st.integers(1, 9999))) / 100
    freight = draw(st.integers(0, 500))
    net = quantity * price + D(freight) / 100
    taxed = D(sum(amount for _, amount, _ in taxes)) / 100
    off = draw(st.sampled_from((0, 0, 0, 0, 1, -7)))
    charge = AllowanceCharge(kind=AllowanceKind.CHARGE, code="D240", amount=D(freight) / 100)
    line = b.invoice_line(1, quantity=D(quantity), price=price)
    one = b.invoice(
        line,
        currency="USD",
        allowances=(charge,) if freight else (),
        taxes=tuple(Tax(kind=kind, amount=D(amount) / 100, jurisdiction=where) for kind, amount, where in taxes),
        total=net + taxed + D(off) / 100,
    )
    wants = draw(st.dictionaries(st.sampled_from(NAMES[2:]), st.sampled_from(list(Requirement))))
    return {
        "one": one,
        "off": off,
        "ordered": b.order(
            b.order_line(cost_center=draw(codes), other_dimensions=draw(per_name.map(_others)), price=price),
            currency="USD",
        ),
        "traits": CodingTraits(
            dimensions=tuple(draw(st.sets(st.sampled_from(NAMES)))),
            taxes=draw(st.sampled_from(("vat_codes", "as_invoiced", "none"))),
            codes_matched_lines=draw(st.booleans()),
        ),
        "partner": b.partner(dimensions={k: v for k, v in draw(per_name).items() if v}),
        "coding": b.coding(
            dimensions={name: DimensionCoding(default=code) for name, code in draw(per_name).items()},
            charge_accounts={"D240": "4400", **({"TAX": "4400"} if draw(st.booleans()) else {})},
            charge_items={"D240": "FREIGHT", **({"TAX": "FREIGHT"} if draw(st.booleans()) else {})},
        ),
        "account": GLAccount(id="g4000", code="4000", other_dimensions=wants),
        "mode": draw(st.sampled_from(("auto", "coded"))),
    }


def _others(codes: dict[str, str]) -> dict[str, str]:
    return {name: code for name, code in codes.items() if name in NAMES[2:] and code}


@settings(max_examples=some(400), deadline=None)
@given(configured())
def test_what_is_posted_comes_to_the_documents_own_total_whatever_is_configured(given_: dict[str, Any]) -> None:
    wanted = given_.pop("account")
    off = given_.pop("off")
    known = {code: CostCenter(id=code, code=code) for code in CODES if code}
    made = replace(
        b.tables(accounts={"4000": wanted}),
        cost_center=known.get,
        cost_unit=known.get,
        other_dimension=lambda _, code: known.get(code),
    )
    one, traits = given_["one"], given_["traits"]
    bill = attempt(code, tables=made, **dict(given_))
    if off:
        assert isinstance(bill, NeedsCorrection)
        assert bill.reason in {Reason.TOTAL_DIFFERENCE, Reason.SIGN_CONTRADICTION}
        return
    if isinstance(bill, NeedsCorrection):
        # Nothing else is asked for here: every code exists, and all that is charged is mapped but for what may lack.
        lacking = {Reason.UNMAPPED_COST_CENTER, Reason.SIGN_CONTRADICTION}
        lacking |= {Reason.MISSING_VAT_CODE, Reason.VAT_DIFFERENCE} if traits.taxes == "vat_codes" else set()
        lacking |= {Reason.UNMAPPED_CHARGE} if traits.taxes == "none" else set()
        assert bill.reason in lacking, bill
        return
    assert sum(line.amount for line in bill.lines) + bill.vat_total == one.total
    if traits.taxes == "as_invoiced":
        assert sum((tax.amount for tax in bill.taxes), D(0)) == bill.vat_total
    else:
        assert bill.taxes == ()
    if traits.taxes == "none":
        assert bill.vat_total == 0
    for line in bill.lines:
        assert line.dimensions.keys() <= set(traits.dimensions)
        assert bool(line.vat_code) == (traits.taxes == "vat_codes")
        for name in traits.dimensions if line.gl_account_code == "4000" else ():
            assert line.dimensions.get(name) or wanted.requirement(name) is not Requirement.MANDATORY
