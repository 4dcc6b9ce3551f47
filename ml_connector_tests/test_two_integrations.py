"""Two integrations on one ERP: what is shared, what each has to itself, and what is refused when it is configured."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from ml_connector.config.loading import LoadedDeployment, load_deployment
from ml_connector.errors import ConfigError
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import inbox
from ml_connector.ledger.exchange.inbox import NewNotice
from ml_connector_tests.support.deployment import ROOT

CLEO, TRUECOMMERCE = "exact_cleo", "exact_truecommerce"


def _loaded(
    tmp_path: Path, *, partner: Mapping[str, Any] | None = None, second: Mapping[str, Any] | None = None
) -> LoadedDeployment:
    """The shipped configuration, with harbour's file and the second integration changed."""
    raw = yaml.safe_load((ROOT / "connections.yaml").read_text(encoding="utf-8"))
    raw["integrations"][TRUECOMMERCE] |= second or {}
    for name in (CLEO, TRUECOMMERCE):
        folder = tmp_path / "partners" / name
        folder.mkdir(parents=True)
        for file in (ROOT / "partners" / name).glob("*.yaml"):
            settings = yaml.safe_load(file.read_text(encoding="utf-8"))
            if file.stem == "harbour":
                settings |= partner or {}
            (folder / file.name).write_text(yaml.safe_dump(settings), encoding="utf-8")
    path = tmp_path / "connections.yaml"
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    return load_deployment(path)


def test_the_shipped_configuration_has_both_and_those_of_other_companies(tmp_path: Path) -> None:
    assert set(_loaded(tmp_path).settings.integrations) == {
        CLEO,
        TRUECOMMERCE,
        "acumatica_cleo",
        "intacct_cleo",
        "exact_avidxchange",
    }


@pytest.mark.parametrize(
    ("partner", "told"),
    [
        ({"vendor": "20011"}, "supplier 20011 is a partner of exact_cleo and of exact_truecommerce"),
        ({"name": "northwind"}, "partner northwind is supplier 20011 in exact_cleo and 20021 in exact_truecommerce"),
    ],
)
def test_a_supplier_is_a_partner_of_one_integration(tmp_path: Path, partner: dict[str, str], told: str) -> None:
    """Its orders would go out by both, or its documents be taken for another's."""
    _stopped_in_both(_loaded(tmp_path, partner=partner), told)


def _stopped_in_both(loaded: LoadedDeployment, told: str) -> None:
    """The partners whose files contradict each other are stopped; nobody else is."""
    for name, partner, others in ((CLEO, "northwind", 2), (TRUECOMMERCE, "harbour", 1)):
        (problem,) = loaded.problems[name]
        assert problem.file.stem == partner
        assert told in problem.message
        assert problem.is_known
        assert len(loaded.partners[name]) == others


def test_a_supplier_may_be_in_both_where_only_one_sends_orders(tmp_path: Path) -> None:
    """While a supplier moves from one network to the other, invoices still come by the old one."""
    flows = {"flows": {"orders_out": {"enabled": False}}}
    both = {"vendor": "20011", "name": "northwind"}
    assert "northwind" in _loaded(tmp_path, partner=both, second=flows).partners[TRUECOMMERCE]


def test_a_supplier_may_be_in_both_where_one_file_gets_no_orders(tmp_path: Path) -> None:
    both = {"vendor": "20011", "name": "northwind", "orders": {"send": False, "changes": "850"}}
    assert not _loaded(tmp_path, partner=both).partners[TRUECOMMERCE]["northwind"].orders.send


def test_two_files_of_one_supplier_say_which_of_them_gets_its_orders(tmp_path: Path) -> None:
    """Its orders would go to whichever was read last, and leave again when that one was taken away."""
    second = next(
        partner.vendor
        for partner in _loaded(tmp_path / "a").partners[TRUECOMMERCE].values()
        if partner.name != "harbour"
    )
    problems = _loaded(tmp_path / "b", partner={"vendor": second}).problems[TRUECOMMERCE]
    assert len(problems) == 2, "nobody gets them until a file says who does"
    for problem in problems:
        assert f"supplier {second}" in problem.message
        assert "orders: {send: false}" in problem.remedy
    loaded = _loaded(tmp_path / "c", partner={"vendor": second, "orders": {"send": False, "changes": "850"}})
    assert loaded.partners[TRUECOMMERCE]["harbour"].vendor == second


def test_one_folder_is_read_by_one_integration(tmp_path: Path) -> None:
    same = {"network": "cleo_prod"}
    channels = {"channels": {"receive": ["/NORTHWIND/inbox"], "send": "/X/outbox"}}
    _stopped_in_both(_loaded(tmp_path, second=same, partner=channels), "both read /NORTHWIND/inbox of cleo_prod")


def test_one_outbox_of_two_identities_is_refused(tmp_path: Path) -> None:
    """Their numbers go by the pair of identities: two files could get one name, and one be taken for the other."""
    other = {"network": "cleo_prod", "identity": {"qualifier": "ZZ", "id": "OTHER"}}
    mine = {"channels": {"receive": ["/HARBOUR/inbox"], "send": "/NORTHWIND/outbox"}, "layouts": {}}
    loaded = _loaded(tmp_path, second=other, partner=mine)
    stopped = [(name, problem.message) for name, found in loaded.problems.items() for problem in found]
    assert {name for name, told in stopped if "both send into /NORTHWIND/outbox" in told} == {CLEO, TRUECOMMERCE}


def test_one_outbox_of_one_identity_is_shared_on_purpose(tmp_path: Path) -> None:
    mine = {"channels": {"receive": ["/HARBOUR/inbox"], "send": "/NORTHWIND/outbox"}, "layouts": {}}
    assert "harbour" in _loaded(tmp_path, second={"network": "cleo_prod"}, partner=mine).partners[TRUECOMMERCE]


def test_books_have_one_purchase_journal(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"journals \['60', '70'\]"):
        _loaded(tmp_path, second={"flows": {"invoices_in": {"journal": "70"}}})


def test_a_notice_waits_until_every_reader_has_taken_it(ledger: Ledger) -> None:
    """An integration that is slow, or was off, still hears of the orders that another one has read already."""
    readers = (CLEO, TRUECOMMERCE)

    def waiting(reader: str) -> list[str]:
        with ledger.read() as tx:
            return [n.key for n in inbox.waiting(tx, "exact_nl", "1", "PurchaseOrders", reader=reader)]

    def take(reader: str, known: tuple[str, ...] = readers) -> None:
        with ledger.write() as tx:
            ids = [n.id for n in inbox.waiting(tx, "exact_nl", "1", "PurchaseOrders", reader=reader)]
            inbox.mark_taken(tx, ids, reader, known, "worker")
            inbox.mark_taken(tx, ids, reader, known, "worker")  # a killed run does it again

    with ledger.write() as tx:
        for key in ("a", "b"):
            inbox.add(tx, NewNotice("exact_nl", "PurchaseOrders", "1", "update", key, "{}"))
    take(CLEO)
    assert (waiting(CLEO), waiting(TRUECOMMERCE)) == ([], ["a", "b"])
    with ledger.write() as tx:
        inbox.add(tx, NewNotice("exact_nl", "PurchaseOrders", "1", "update", "c", "{}"))
    take(TRUECOMMERCE)
    assert (waiting(CLEO), waiting(TRUECOMMERCE)) == (["c"], [])
    take(CLEO, known=(CLEO,))  # the other one was taken out of the configuration
    with ledger.write() as tx:
        assert inbox.count_waiting(tx, "exact_nl") == 0
        ledger_clock = ledger.clock
    ledger_clock.move(60)  # type: ignore[attr-defined]
    with ledger.write() as tx:
        assert inbox.prune(tx, ledger_clock.now()) == 3
