"""A ledger that was restored: what the ERP has of a customer's order from before is recognised, or asked about."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector.flows.core.ports import Existing, Identity
from ml_connector.flows.posting import recognised
from ml_connector.ledger.work import operations
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.flows.shop import Shop, body, shop
from ml_connector_tests.flows.test_sales_orders_end_to_end import STORES

KEY, OTHER_KEY = "mlc-0123456789abcdef0123", "mlc-3210fedcba9876543210"
RELEASE = "BEG*00*RL*PO-1*7*20261120~N1*ST**92*0001~PO1*1*10*EA*2.50**IN*HM-RICE~CTT*1~"


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with shop(tmp_path, monkeypatch) as made:
        yield made


@pytest.mark.parametrize(
    ("text", "there", "whole"),
    [
        (body(), {KEY: ""}, True),
        (body("PO-1", *STORES), {f"{KEY}-1": "PO-1/0001", f"{KEY}-2": "PO-1/0002"}, True),
        (body("PO-1", *STORES), {f"{KEY}-1": "PO-1/0001"}, False),
        (body("PO-1", *STORES), {f"{KEY}-2": "PO-1/0002"}, False),
        (body("PO-1", *STORES), {f"{KEY}-1": "PO-1/0001", f"{OTHER_KEY}-2": "PO-1/0001"}, False),
        (body(), {f"{KEY}-1": "PO-1/0001", f"{KEY}-2": "PO-1/0002"}, False),
        (RELEASE, {KEY: "PO-1/7"}, True),
        (RELEASE, {KEY: "PO-1/6", OTHER_KEY: "PO-1/7"}, True),
        (RELEASE, {KEY: "PO-1/7", OTHER_KEY: "PO-1/7"}, False),
    ],
)
def test_what_was_posted_before_a_restore_is_recognised_where_all_of_it_is_there(
    office: Shop, monkeypatch: pytest.MonkeyPatch, text: str, there: dict[str, str], whole: bool
) -> None:
    posted_before(office, monkeypatch, there)
    (row,) = office.take(text)
    assert office.erp.written == []
    expected = (S.POSTED, None) if whole else (S.QUARANTINED, "sales_order_exists")
    assert (row.state, row.reason) == expected


def test_another_release_is_posted_that_a_restore_has_nothing_to_do_with(
    office: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    posted_before(office, monkeypatch, {KEY: "PO-1/6"})
    (row,) = office.take(RELEASE)
    assert (row.state, [one.reference for one in office.erp.written]) == (S.POSTED, ["PO-1/7"])


def test_without_a_look_for_hand_keyed_ones_what_was_posted_in_part_before_a_restore_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shop(tmp_path, monkeypatch, flow={"look_for_hand_keyed": False}) as office:
        posted_before(office, monkeypatch, {f"{KEY}-1": "PO-1/0001"})
        (row,) = office.take(body("PO-1", *STORES))
        assert (row.state, row.reason, office.erp.written) == (S.QUARANTINED, "sales_order_exists", [])


def test_what_was_recognised_once_is_known_from_then_on(office: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    posted_before(office, monkeypatch, {f"{KEY}-1": "PO-1/0001", f"{KEY}-2": "PO-1/0002"})
    office.take(body("PO-1", *STORES))
    with office.deployment.ledger.read() as tx:
        assert operations.known_keys(tx, [KEY]) == {KEY}


def posted_before(office: Shop, monkeypatch: pytest.MonkeyPatch, there: dict[str, str]) -> None:
    """What the ERP has of PO-1 from before a restore: references by key."""
    monkeypatch.setattr(recognised, "is_due", lambda _: True)
    who = Identity("C1", "PO-1")
    office.erp.orders.there += [
        Existing(who, f"SO-{at}", key, kind="sales_order", reference=reference)
        for at, (key, reference) in enumerate(there.items())
    ]
