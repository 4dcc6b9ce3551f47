"""A partner whose file is wrong is stopped, and nobody else: what comes from it or is meant for it is held, told of,
and goes its way once the file is mended."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from ml_connector.errors import Reason
from ml_connector.flows import monitoring
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.names.changed_settings import take_up_changes
from ml_connector.ledger.exchange import inbox
from ml_connector.ledger.exchange.inbox import NewNotice
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.exact import user
from ml_connector.systems.exact_online.notices.topics import ORDERS
from ml_connector_tests.flows.scenes import Scene
from ml_connector_tests.support.deployment import INTEGRATION

OTHER_SUPPLIER = "20012"


def file_of(stage: Scene, name: str = "northwind") -> Path:
    return stage.bench.home / "partners" / f"{name}.yaml"


@contextmanager
def reopened(stage: Scene) -> Iterator[Scene]:
    """The scene as a new process finds it: the files are read again."""
    with stage.bench.open() as deployment:
        integration = deployment.integration(INTEGRATION)
        take_up_changes(integration)
        yield replace(stage, integration=integration)


def misspelt(path: Path) -> None:
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "sintax": "strict"}))


def cut(path: Path) -> None:
    path.write_text("name: [\n")


def without_layout(path: Path) -> None:
    raw: dict[str, Any] = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**raw, "layouts": {"receive": ["layouts/nobody.yaml"]}}))


TROUBLES = [misspelt, cut, without_layout]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_its_files_are_kept_and_held_and_read_when_it_is_mended(stage: Scene, trouble: Callable[[Path], None]) -> None:
    take_up_changes(stage.integration)
    good = file_of(stage).read_text()
    mine, others = stage.orders(1), stage.orders(1, supplier=OTHER_SUPPLIER)
    trouble(file_of(stage))
    with reopened(stage) as stopped:
        stopped.invoice(mine)
        stopped.invoice(others)
        stopped.inbound()
        assert len(stage.posted()) == 1, "the other partner's"
        (held,) = stopped.documents(states=(S.QUARANTINED,))
        assert held.reason == Reason.PARTNER_FILE_WRONG
        assert held.partner == "northwind"
        told = str(held.reason_detail)
        assert "northwind" in told
        assert "taken up by itself" in told
        causes = [one.cause for one in monitoring.standing_causes(stopped.integration)]
        assert f"{INTEGRATION}/partner_file/northwind.yaml" in causes
        stopped.inbound()
        assert len(stopped.documents(states=(S.QUARANTINED,))) == 1, "it waits"
    file_of(stage).write_text(good)
    with reopened(stage) as mended:
        mended.inbound()
        assert len(stage.posted()) == 2
        assert mended.documents(states=(S.QUARANTINED, S.REJECTED)) == []
        answered = [row for row in mended.documents() if row.kind == "functional_acknowledgment"]
        assert {row.partner for row in answered if row.direction == "out"} == {"northwind", partner_of(mended, others)}


def partner_of(stage: Scene, orders: list[Any]) -> str:
    del orders
    return next(name for name, one in stage.integration.partners.items() if one.vendor == OTHER_SUPPLIER)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_its_orders_are_held_and_sent_when_it_is_mended(stage: Scene, trouble: Callable[[Path], None]) -> None:
    take_up_changes(stage.integration)
    good = file_of(stage).read_text()
    trouble(file_of(stage))
    with reopened(stage) as stopped:
        stopped.orders(1, received=False)
        stopped.orders(1, supplier=OTHER_SUPPLIER, received=False)
        reports = stopped.outbound()
        assert sum(report.counts["sent"] for report in reports.values()) == 1
        (held,) = stopped.documents(states=(S.QUARANTINED,))
        assert (held.reason, held.partner) == (Reason.PARTNER_FILE_WRONG, "northwind")
        stopped.outbound()
        assert len(stopped.documents()) == 2, "read once"
    file_of(stage).write_text(good)
    with reopened(stage) as mended:
        reports = mended.outbound()
        assert sum(report.counts["sent"] for report in reports.values()) == 1
        assert {row.state for row in mended.documents()} == {S.SENT}


def test_orders_of_a_supplier_that_nobody_can_read_are_read_again(stage: Scene) -> None:
    """A new partner whose file was never right: whose orders are meant is known when it is mended."""
    good = file_of(stage).read_text()
    cut(file_of(stage))
    with reopened(stage) as stopped:
        stopped.orders(1, received=False)
        stopped.orders(1, supplier=OTHER_SUPPLIER, received=False)
        stopped.outbound()
        stopped.sandbox.clock.move(3600)
        stopped.orders(1, supplier=OTHER_SUPPLIER, received=False)
        stopped.outbound()
        assert {row.partner for row in stopped.documents()} == {partner_of(stopped, [])}
    file_of(stage).write_text(good)
    with reopened(stage) as mended:
        mended.outbound()
        sent = [row.partner for row in mended.documents(states=(S.SENT,))]
        assert sorted(sent) == sorted(["northwind", *[partner_of(mended, [])] * 2])
        mended.outbound()
        assert len(mended.documents()) == 3, "the place to read again from is forgotten"


def test_orders_that_only_webhooks_tell_of_are_read_again_too(stage: Scene) -> None:
    """With `poll: false` their notices are taken while nobody can tell whose they are."""
    config = stage.bench.config
    raw = yaml.safe_load(config.read_text())
    raw["integrations"][INTEGRATION]["flows"]["orders_out"] |= {"poll": False, "webhooks": True}
    config.write_text(yaml.safe_dump(raw))
    good = file_of(stage).read_text()
    cut(file_of(stage))
    with reopened(stage) as stopped:
        (order,) = stopped.orders(1, received=False)
        made = stage.sandbox.call(user.order_by_number, stage.sandbox.exact.main, int(order["number"]))
        erp = stopped.integration.erp
        notice = NewNotice(erp.connection, ORDERS.topic, erp.company, "Create", str(made["PurchaseOrderID"]), "{}")
        with stage.deployment.ledger.write() as tx:
            inbox.add(tx, notice)
        stopped.outbound()
        assert stopped.documents() == []
    stage.sandbox.clock.move(100_000)
    file_of(stage).write_text(good)
    for _ in range(2):
        with reopened(stage) as mended:
            mended.outbound()
            assert [row.number for row in mended.documents(states=(S.SENT,))] == [order["number"]]


def test_what_is_under_way_for_it_is_held_and_goes_on(stage: Scene) -> None:
    """Parsed before the file broke: matching wants the partner's settings, and waits for them."""
    from ml_connector.flows.inbound import parsing, receiving
    from ml_connector.flows.invoices_in import invoices

    take_up_changes(stage.integration)
    stage.invoice(stage.orders(1))
    receiving.receive(stage.integration, stage.work)
    parsing.parse(stage.integration, stage.work)
    good = file_of(stage).read_text()
    misspelt(file_of(stage))
    with reopened(stage) as stopped:
        invoices.match(stopped.integration, stage.work)
        (held,) = stopped.documents(states=(S.QUARANTINED,))
        assert held.reason == Reason.PARTNER_FILE_WRONG
    file_of(stage).write_text(good)
    with reopened(stage) as mended:
        mended.inbound()
        assert len(stage.posted()) == 1


def test_a_change_of_settings_takes_up_what_is_held_at_once(stage: Scene) -> None:
    take_up_changes(stage.integration)
    stage.invoice(stage.orders(1), behaviour={"overcharge_percent": 20})
    stage.inbound()
    (held,) = stage.documents(states=(S.QUARANTINED,))
    assert held.reason == Reason.PRICE_TOLERANCE
    stage.inbound()
    assert stage.posted() == [], "not looked at before its time"
    raw = yaml.safe_load(file_of(stage).read_text())
    tolerances = {"price": {"percent": 100}, "total": 10_000}
    file_of(stage).write_text(yaml.safe_dump({**raw, "tolerances": tolerances}))
    with reopened(stage) as changed:
        changed.inbound()
        assert len(stage.posted()) == 1
        assert take_up_changes(changed.integration) == 0, "only once"


def test_an_integration_is_never_without_its_own(stage: Scene) -> None:
    """Where the whole folder is gone, every partner that was read from it is stopped and known."""
    take_up_changes(stage.integration)
    folder = stage.bench.home / "partners"
    folder.rename(stage.bench.home / "away")
    with reopened(stage) as stopped:
        integration: Integration = stopped.integration
        assert integration.partners == {}
        assert {problem.name for problem in integration.problems} >= set(stage.integration.partners)
        stopped.invoice(stopped.orders(1))
        stopped.inbound()
        (held,) = stopped.documents(states=(S.QUARANTINED,))
        assert (held.reason, held.partner) == (Reason.PARTNER_FILE_WRONG, "northwind")
    (stage.bench.home / "away").rename(folder)
    with reopened(stage) as mended:
        mended.inbound()
        assert len(stage.posted()) == 1
