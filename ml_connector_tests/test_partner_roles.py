"""Partners by role: what each must say, who it is to the ledger, and what two of them cannot both say."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.config.conflicts import find_conflicts
from ml_connector.config.integrations import IntegrationSettings
from ml_connector.config.partner_files import load_partners
from ml_connector.config.partners import Partner, X12Identity
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows import registry
from ml_connector.flows.core.belonging import recognise
from ml_connector.flows.core.flow_set import FlowSet
from ml_connector.flows.core.strangers import check_role
from ml_connector.flows.inbound.format_detection import names_of

CUSTOMER: dict[str, Any] = {
    "name": "big_retail",
    "role": "customer",
    "customer": "C100",
    "identity": {"qualifier": "01", "id": "BIGRETAIL"},
    "channels": {"receive": ["/big"]},
}
BANK: dict[str, Any] = {"name": "first_bank", "role": "bank", "channels": {"receive": ["/bank"]}}


def partner(**values: Any) -> Partner:
    return Partner.model_validate({"name": "one", "channels": {}, **values})


def load(folder: Path, *files: Mapping[str, Any]) -> Any:
    for one in files:
        (folder / f"{one['name']}.yaml").write_text(yaml.safe_dump(dict(one)))
    return load_partners(folder)


def test_each_role_has_an_account_of_its_own_and_needs_nothing_of_the_others(tmp_path: Path) -> None:
    found = load(tmp_path, CUSTOMER, BANK, {**BANK, "name": "portal", "role": "procurement", "account": "P1",
                                           "channels": {}})  # fmt: skip
    assert found.problems == ()
    accounts = {name: (one.erp_account, one.account_key) for name, one in found.partners.items()}
    assert accounts == {
        "big_retail": ("C100", "customer:C100"),
        "first_bank": ("", ""),
        "portal": ("P1", "procurement:P1"),
    }
    assert not any(one.takes_orders for one in found.partners.values())


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"identity": {"qualifier": "ZZ", "id": "X"}}, "vendor is missing: the code of the supplier at the ERP"),
        ({**CUSTOMER, "customer": ""}, "customer is missing: the code of the customer at the ERP"),
        ({**CUSTOMER, "vendor": "20001"}, "vendor is not for a customer, whose account at the ERP is `customer`"),
        ({**BANK, "customer": "C1"}, "customer is not for a bank, whose account at the ERP is `account`"),
        ({**CUSTOMER, "role": "client"}, "role"),
        ({**CUSTOMER, "identity": None}, "identity is missing: it is left out only where layouts.receive names"),
        ({"vendor": "20001"}, "identity is missing: orders leave as X12"),
        ({**CUSTOMER, "identity": None, "test_identity": {"qualifier": "ZZ", "id": "T"}}, "test_identity without"),
    ],
)
def test_what_a_role_must_say_is_told_with_the_key(tmp_path: Path, values: dict[str, Any], told: str) -> None:
    given_ = {key: value for key, value in {"name": "one", "channels": {}, **values}.items() if value is not None}
    (problem,) = load(tmp_path, given_).problems
    assert told in problem.message.replace(": vendor: ", ": vendor ").replace(": customer: ", ": customer ")


def test_a_supplier_of_flat_files_needs_no_identity() -> None:
    flat = {"receive": ["truecommerce_810_csv"], "send": {"order": "a", "order_change": "b"}}
    one = partner(vendor="20001", layouts=flat, channels={"receive": ["/in"]})
    assert (one.identities, one.code) == ((), "20001")
    assert names_of(one) == {"one", "20001"}
    assert partner(vendor="20001", layouts={"receive": ["x"]}, orders={"send": False}).identities == ()


def test_of_two_files_of_one_customer_none_goes_on(tmp_path: Path) -> None:
    other = {**CUSTOMER, "name": "big_too", "identity": {"qualifier": "01", "id": "OTHER"}, "channels": {}}
    problems = load(tmp_path, CUSTOMER, other).problems
    assert [problem.name for problem in problems] == ["big_retail", "big_too"]
    assert all("account of the customer C100 is also that of" in problem.message for problem in problems)


def test_one_code_may_be_of_a_supplier_and_of_a_customer(tmp_path: Path) -> None:
    supplier = {"name": "both", "vendor": "C100", "identity": {"qualifier": "ZZ", "id": "BOTH"}, "channels": {}}
    assert load(tmp_path, CUSTOMER, supplier).problems == ()


def test_what_of_a_wrong_file_can_be_read_tells_whose_it_is(tmp_path: Path) -> None:
    problems = load(
        tmp_path,
        {**CUSTOMER, "syntax": "very"},
        {**BANK, "syntax": "very", "layouts": {"receive": ["x"]}},
        {"name": "nothing", "syntax": "very"},
    ).problems
    by_name = {one.name: one for one in problems}
    assert [by_name[n].may_be_supplier for n in ("big_retail", "first_bank", "nothing")] == [False, False, True]
    assert [by_name[n].may_send_x12 for n in ("big_retail", "first_bank", "nothing")] == [False, False, True]
    assert [by_name[n].is_known for n in ("big_retail", "first_bank", "nothing")] == [True, True, False]


@pytest.mark.parametrize("flow", ["orders_out", "invoices_in", "shipments_in"])
def test_a_flow_of_suppliers_holds_what_is_of_a_customer(flow: str) -> None:
    with pytest.raises(NeedsCorrection, match="Partner big_retail is a customer") as held:
        check_role(registry.shipped(), Partner.model_validate(CUSTOMER), flow)
    assert held.value.reason is Reason.WRONG_PARTNER_ROLE
    check_role(registry.shipped(), Partner.model_validate(CUSTOMER), "acknowledgments_in")


# ---------------------------------------------------------------------- who they are to the ledger


def keys(partners: Mapping[str, Partner], known: Any = ()) -> dict[str, str]:
    return {one.name: one.key for one in recognise("i", partners, list(known))}


def test_a_partner_without_identity_is_known_by_its_account_else_its_name() -> None:
    bank = Partner.model_validate(BANK)
    customer = Partner.model_validate({**CUSTOMER, "identity": None, "layouts": {"receive": ["x"]}})
    assert keys({"first_bank": bank, "big_retail": customer}) == {
        "first_bank": "bank:first_bank*",
        "big_retail": "customer:C100",
    }


ROLES = st.sampled_from(["supplier", "customer", "procurement", "bank", "network"])


@given(st.lists(st.tuples(ROLES, st.booleans(), st.booleans()), min_size=1, max_size=6))
def test_a_key_stays_whatever_else_a_file_says_later(made: list[tuple[str, bool, bool]]) -> None:
    """Told apart at first, and the same keys at the next look, also where the X12 identity came or went since."""

    def files(*, with_identity: bool) -> dict[str, Partner]:
        found = {}
        for at, (role, x12, account) in enumerate(made):
            trades = role in {"supplier", "customer"}
            key = {"supplier": "vendor", "customer": "customer"}.get(role, "account")
            speaks = x12 if with_identity else False
            name = f"p{at}"
            found[name] = partner(
                name=name,
                role=role,
                orders={"send": False},
                layouts={"receive": ["x"]},
                **({key: f"A{at}"} if trades or account else {}),
                **({"identity": {"qualifier": "ZZ", "id": f"ID{at}"}} if speaks else {}),
            )
        return found

    first = recognise("i", files(with_identity=True), [])
    assert len({one.key for one in first}) == len(made)
    again = recognise("i", files(with_identity=True), first)
    assert again == first
    without = keys(files(with_identity=False), first)
    for one, (role, x12, account) in zip(first, made, strict=True):
        if role in {"supplier", "customer"} or account or not x12:
            assert without[one.name] == one.key


def test_one_suppliers_orders_leave_once_whatever_the_flow_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of somebody else's package too."""
    faxed = replace(registry.find("orders_out"), name="orders_faxed")
    monkeypatch.setattr(registry, "flows_of", lambda _: FlowSet((faxed,)))
    ours = [
        IntegrationSettings(erp="books", network=network, environment="test", identity=identity, partners="x")
        for network, identity in (
            ("n1", X12Identity(qualifier="ZZ", id="A")),
            ("n2", X12Identity(qualifier="ZZ", id="B")),
        )
    ]
    two = {
        name: partner(name=name, vendor="V1", identity={"qualifier": "ZZ", "id": name.upper()}) for name in ("a", "b")
    }

    def told(partners: dict[str, dict[str, Partner]]) -> list[str]:
        integrations = dict(zip(partners, ours, strict=False))
        found = find_conflicts(integrations, partners, Path("c.yaml"), {"n1": "a1", "n2": "a2"})
        return [f"{conflict.message} {conflict.remedy}" for conflict in found]

    (within,) = told({"i1": two})
    assert "partners a and b of i1 are all supplier V1" in within
    (between,) = told({"i1": {"a": two["a"]}, "i2": {"b": two["b"]}})
    assert "V1 is a partner of i1 and of i2" in between
    assert "switch flows.orders_faxed off" in between
    monkeypatch.setattr(registry, "flows_of", lambda _: FlowSet((faxed,), off=frozenset({"orders_faxed"})))
    assert told({"i1": two}) == told({"i1": {"a": two["a"]}, "i2": {"b": two["b"]}}) == []


@pytest.mark.parametrize(
    ("flow", "told_as"), [("sales_invoices_out", "by both"), ("order_acks_out", ""), ("shipments_out", "")]
)
def test_a_customer_may_order_by_two_networks(monkeypatch: pytest.MonkeyPatch, flow: str, told_as: str) -> None:
    """What answers its orders goes to where each came from; what goes to the customer itself has to go one way."""
    monkeypatch.setattr(registry, "flows_of", lambda _: FlowSet((registry.find(flow),)))
    ours = {
        f"i{at}": IntegrationSettings(
            erp="books",
            network=f"n{at}",
            environment="test",
            identity=X12Identity(qualifier="ZZ", id="US"),
            partners="x",
        )
        for at in (1, 2)
    }

    def file(name: str, **more: Any) -> dict[str, Partner]:
        identity = {"qualifier": "ZZ", "id": name.upper()}
        return {name: partner(name=name, role="customer", customer="C1", identity=identity, **more)}

    def told(second: dict[str, Partner]) -> list[str]:
        partners = {"i1": file("shops"), "i2": second}
        found = find_conflicts(ours, partners, Path("c.yaml"), {"n1": "a1", "n2": "a2"})
        return [conflict.message for conflict in found]

    assert [told_as in one for one in told(file("stores"))] == ([True] if told_as else [])
    assert told(file("stores", sales_invoices={"send": False})) == []


def test_one_name_is_one_partner_in_all_integrations_of_an_erp() -> None:
    """By it their documents are told apart in the ledger."""
    one, other = (
        IntegrationSettings(erp="books", network=network, environment="test", identity=ours, partners="x")
        for network, ours in (("n1", X12Identity(qualifier="ZZ", id="A")), ("n2", X12Identity(qualifier="ZZ", id="B")))
    )

    def told(first: Partner, second: Partner) -> list[str]:
        partners = {"i1": {"one": first}, "i2": {"one": second}}
        found = find_conflicts({"i1": one, "i2": other}, partners, Path("c.yaml"), {"n1": "a1", "n2": "a2"})
        return [conflict.message for conflict in found]

    def speaking(**values: Any) -> Partner:
        return partner(identity={"qualifier": "ZZ", "id": "ONE"}, orders={"send": False}, **values)

    supplier, customer = speaking(vendor="C1"), speaking(role="customer", customer="C1")
    assert told(supplier, supplier) == told(customer, customer) == []
    assert told(supplier, customer) == ["c.yaml: partner one is supplier C1 in i1 and customer C1 in i2."]
    assert told(supplier, speaking(vendor="C2")) == ["c.yaml: partner one is supplier C1 in i1 and C2 in i2."]
    assert told(speaking(role="bank"), speaking(role="bank", account="B1")) == [
        "c.yaml: partner one is bank (no account) in i1 and B1 in i2."
    ]
