"""Log-ins and sessions over the stand-in: shared, kept, renewed, followed within the vendor's domain, of one entity."""

import threading
from typing import Any

import pytest

from ml_connector.clock import FileClock
from ml_connector.errors import AuthorizationNeeded, TryAgain
from ml_connector.ledger.coordination.leases import Lease
from ml_connector.sandbox.faults import FaultKind
from ml_connector.sandbox.sage_intacct.seed import ENTITY, SECOND_ENTITY
from ml_connector.systems.sage_intacct.access import turns
from ml_connector.systems.sage_intacct.access.endpoint import in_domain
from ml_connector.systems.sage_intacct.erp import IntacctErp
from ml_connector.systems.sage_intacct.settings import IntacctConnection
from ml_connector_tests.systems.sage_intacct.bench import Bench
from ml_connector_tests.systems.sage_intacct.billing import account_line, bill_of, plan


def use(erp: IntacctErp) -> None:
    assert erp.tables["departments"].read(None).complete


def opened(bench: Bench) -> int:
    return bench.state.sessions.counts["opened"]


def test_one_log_in_serves_all_processes(bench: Bench) -> None:
    first, second = bench.erp(), bench.erp()
    use(first)
    use(second)
    assert opened(bench) == 1


def test_many_threads_log_in_once(bench: Bench) -> None:
    erp = bench.erp()
    threads = [threading.Thread(target=use, args=(erp,)) for _ in range(5)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert opened(bench) == 1
    assert bench.state.turns.most["AcmeMfg"] == 1


def test_a_session_is_kept_fifty_minutes_and_renewed_before_its_end(bench: Bench) -> None:
    erp = bench.erp()
    use(erp)
    clock = bench.parts.ledger.clock
    assert isinstance(clock, FileClock)
    clock.move(49 * 60)
    use(erp)
    assert opened(bench) == 1
    clock.move(2 * 60)
    use(erp)
    assert opened(bench) == 2
    assert bench.state.sessions.counts["dead"] == 0, "it was not tried to its end"


@pytest.mark.parametrize("dress", ["authentication", "401"])
def test_a_dead_session_is_renewed_and_nothing_else_is_done_again(bench: Bench, dress: str) -> None:
    bench.options.dead_session = dress
    erp = bench.erp()
    use(erp)
    bench.state.sessions.end_all()
    bill = bill_of(account_line())
    bench.post(erp, plan(erp, bill))
    assert opened(bench) == 2
    assert len(bench.rows("APBILL", RECORDID=bill.number)) == 1


def test_the_session_stands_encrypted(bench: Bench) -> None:
    erp = bench.erp()
    use(erp)
    session = erp.gateway._sessions.current()
    assert len(session.id) > 20
    with bench.parts.ledger.read() as tx:
        dump = "".join(str(line) for line in tx.connection.driver_connection.iterdump())  # type: ignore[union-attr]
    assert f"'{bench.name}'" in dump
    assert session.id not in dump
    assert bench.site.login["user_password"] not in dump


def test_the_address_of_the_log_in_is_followed(bench: Bench) -> None:
    bench.options.session_elsewhere = "refused"
    erp = bench.erp()
    use(erp)
    assert erp.gateway._sessions.current().endpoint.endswith("/ia3/xml/xmlgw.phtml")


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example.com/ia/xml/xmlgw.phtml",
        "http://api.intacct.com/ia/xml/xmlgw.phtml",
        "https://intacct.com.example.com/x",
        "https://notintacct.com/x",
        "https://user:pw@api.intacct.com/x",
        "ftp://api.intacct.com/x",
        "https://[broken/x",
    ],
)
def test_an_address_that_is_not_the_vendors_is_not_followed(bench: Bench, address: str) -> None:
    bench.options.session_endpoint = address
    with pytest.raises(AuthorizationNeeded, match=r"which is not of intacct\.com"):
        use(bench.erp())


def test_the_vendors_own_hosts_are_followed() -> None:
    assert in_domain("https://api.intacct.com/ia/xml/xmlgw.phtml", "intacct.com")
    assert in_domain("https://www-p02.intacct.com/ia/xml/xmlgw.phtml?.x=1", "intacct.com")


def test_a_wrong_password_is_tried_once_until_it_changes(bench: Bench) -> None:
    wrong = bench.secret("wrong", "not-the-password")
    erp = bench.erp(password={"file": wrong})
    for _ in range(3):
        with pytest.raises(AuthorizationNeeded) as refused:
            use(erp)
        assert "not-the-password" not in str(refused.value)
    calls = bench.state.calls
    before = sum(calls.values())
    with pytest.raises(AuthorizationNeeded):
        use(bench.erp(password={"file": wrong}))
    assert sum(calls.values()) == before
    use(bench.erp())


def test_a_wrong_sender_is_told_as_that(bench: Bench) -> None:
    with pytest.raises(AuthorizationNeeded) as refused:
        use(bench.erp(sender_id="nobody"))
    assert "sender_id" in refused.value.remedy
    assert bench.site.login["sender_password"] not in str(refused.value)


def test_a_company_that_does_not_list_the_sender_is_told_as_that(bench: Bench) -> None:
    bench.options.unauthorized_companies = {"AcmeMfg"}
    with pytest.raises(AuthorizationNeeded) as refused:
        use(bench.erp())
    assert "Web Services authorizations" in refused.value.remedy


def test_a_company_at_its_end_is_told_as_that(bench: Bench) -> None:
    bench.options.expired_companies = {"AcmeMfg"}
    with pytest.raises(AuthorizationNeeded, match="expired"):
        use(bench.erp())


def test_a_session_of_settings_from_before_is_not_used(bench: Bench) -> None:
    """The entity is changed in the connection: what is stored belongs to another."""
    use(bench.erp())
    changed = bench.erp(entity=ENTITY)
    use(changed)
    assert opened(bench) == 2
    living = bench.state.sessions._open[changed.gateway._sessions.current().id]
    assert living.entity == ENTITY


def test_entities_have_sessions_and_names_of_their_own(bench: Bench) -> None:
    first = bench.erp(entity=ENTITY)
    bench.name += "_other"
    second = bench.erp(entity=SECOND_ENTITY, location="210")
    use(first)
    use(second)
    assert first.company != second.company
    assert {one.entity for one in bench.state.sessions.living()} == {ENTITY, SECOND_ENTITY}


def test_an_entity_that_there_is_not_needs_a_person(bench: Bench) -> None:
    with pytest.raises(AuthorizationNeeded):
        use(bench.erp(entity="999"))


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (FaultKind.RESET_AFTER, {}),
        (FaultKind.HTML, {}),
        (FaultKind.HALF_WRITTEN, {}),
        (FaultKind.STATUS, {"status": 503}),
    ],
)
def test_a_log_in_whose_answer_is_lost_is_tried_again(bench: Bench, kind: FaultKind, more: Any) -> None:
    """A session more does no harm."""
    bench.fault(kind, **more)
    use(bench.erp())


def test_a_log_in_at_the_limit_waits(bench: Bench) -> None:
    bench.fault(FaultKind.STATUS, status=429)
    erp = bench.erp(pause_seconds=7)
    use(erp)
    assert max(bench.parts.clock.slept) >= 6


def test_two_connections_take_turns_on_the_wire(bench: Bench) -> None:
    """A company takes one request at a time, over all processes."""
    bench.options.work_seconds = 0.05
    bench.state.turns.most.clear()
    erps = [bench.erp(), bench.erp()]
    use(erps[0])
    threads = [threading.Thread(target=use, args=(one,)) for one in erps for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert bench.state.turns.most["AcmeMfg"] == 1
    assert bench.state.turns.refused == 0


def test_whoever_waits_too_long_for_its_turn_sends_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LOOK_SECONDS", 30.0)
    settings = bench.settings()
    on_the_wire = Lease(bench.parts.ledger, f"wire:{settings.site}:{settings.company_id.lower()}:0")
    with on_the_wire, pytest.raises(TryAgain, match="on the wire; nothing was sent"):
        use(bench.erp())
    assert opened(bench) == 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"gmt_offset": "5"}, "difference to GMT"),
        ({"receipt_definition": "purchase order"}, "must be different ones"),
        ({"company_id": "acme|100"}, "company_id"),
        ({"base_url": "ftp://x"}, "base_url"),
        ({"base_currency": "dollars"}, "base_currency"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(bench: Bench, more: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        bench.settings(**more)


def test_a_companys_name_is_told_apart_however_long() -> None:
    values = {
        "system": "sage_intacct",
        "sender_id": "s",
        "sender_password": {"store": "a"},
        "username": "u",
        "password": {"store": "b"},
    }
    names = {
        IntacctConnection.model_validate({**values, "company_id": "c" * 79 + end, "entity": "E"}).company
        for end in "ab"
    }
    assert len(names) == 2
    assert all(len(name) <= 80 for name in names)
