"""Ship notices that cancel, change, replace or repeat others: held beside what they are about, through a run."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from ml_connector.flows import operator_actions, pipeline
from ml_connector.flows.core.ports import Written
from ml_connector.flows.shipments_in import earlier_notices, shipments
from ml_connector.ledger.work import operations
from ml_connector.ledger.work.operation_rows import NewOperation
from ml_connector_tests.flows.notices import detail, item, received, rows, send, told, x12
from ml_connector_tests.flows.scenes import Scene, scene
from ml_connector_tests.flows.test_files_end_to_end import deliver
from ml_connector_tests.flows.test_sending import SILENT

HELD, TAKEN = ("quarantined", "not_a_first_notice"), ("quarantined", "taken_back_by_supplier")
POSTED, TWICE = ("posted", None), ("quarantined", "duplicate_invoice_number")
TAKES_BACK = ["01", "04", "05", "15"]


@pytest.fixture
def ready(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path / "home") as stage:
        stage.world.behave("NORTHWIND", SILENT)
        stage.orders(1, received=False)
        yield stage


def by_acme(*notices: bytes) -> bytes:
    """These as another partner's envelope has them."""
    own, others = b"ZZ*NORTHWIND      ", b"01*004321519      "
    data = b"".join(notices)
    assert own in data
    return data.replace(own, others).replace(b"GS*SH*NORTHWIND", b"GS*SH*ACMEFAST")


def test_what_is_about_a_received_one_is_held_beside_it_with_the_difference(ready: Scene) -> None:
    """Every purpose that is not a first one; what was received stays, whatever comes."""
    send(ready, x12("S-1"))
    codes = [*TAKES_BACK, "06", "07", "22", "CN", "cn", "53", "ZZ"]
    send(ready, *[x12("S-1", item(8 - at), bsn=code) for at, code in enumerate(codes)])
    assert told(ready) == [POSTED, *[HELD] * len(codes)]
    for at, code in enumerate(codes, 1):
        assert f"BSN01 {code.upper()}" in detail(ready, at)["message"]
        (shown,) = detail(ready, at)["data"]["originals"]
        assert (shown["state"], shown["shipped"]) == ("posted", "10")
        assert shown["received_as"]
        assert shown["difference"] == str(-1 - at)
        (line,) = shown["lines"]
        assert (line["item"], line["was"], line["now"]) == ("NW-R48", "10", str(9 - at))
        assert "received" in detail(ready, at)["mend"]
    assert received(ready) == [10]


def test_an_original_that_is_not_received_yet_is_held_with_what_takes_it_back(ready: Scene) -> None:
    """In one run, before anything of either is received; by number, or as a notice of the same shipment."""
    others = [("S-0", []), ("B-1", ["REF*SI*S-1"]), ("B-2", ["REF*MA*s-2"]), ("B-3", ["REF*BM*BOL-3"])]
    firsts = [x12(f"S-{at}", head=[f"REF*BM*BOL-{at}"]) for at in range(5)]
    send(ready, *firsts, *[x12(number, bsn="04", head=head) for number, head in others], x12("S-9", item(5)))
    assert told(ready) == [*[TAKEN] * 4, POSTED, *[HELD] * 4, POSTED]
    found = rows(ready)
    for at in range(4):
        assert detail(ready, at)["data"]["taken_back_by"] == found[5 + at].id
        assert [one["document"] for one in detail(ready, 5 + at)["data"]["originals"]] == [found[at].id]
    assert received(ready) == [5, 10]


def test_what_only_repeats_an_original_does_not_hold_it(ready: Scene) -> None:
    codes = ["06", "07", "22", "CN"]
    pairs = [(x12(f"S-{code}"), x12(f"S-{code}", bsn=code)) for code in codes]
    send(ready, *[one for pair in pairs for one in pair])
    assert told(ready) == [POSTED, HELD] * 4
    assert received(ready) == [10] * 4


def test_an_original_that_comes_late_is_held_too_and_goes_on_when_its_cancellation_is_discarded(ready: Scene) -> None:
    send(ready, x12("S-1", bsn="01"))
    assert "original unknown" in detail(ready, 0)["message"]
    send(ready, x12("B-1", bsn="01", head=["REF*SI*S-9"]))
    assert "S-9, an original that never came" in detail(ready, 1)["message"]
    send(ready, x12("S-1"))
    assert told(ready) == [HELD, HELD, TAKEN]
    operator_actions.discard(ready.integration, ready.work, rows(ready)[0], "sent by mistake")
    ready.sandbox.clock.move(11 * 60)
    ready.inbound()
    assert told(ready)[2] == POSTED


def test_a_replacement_is_received_only_when_a_person_gave_its_original_up_and_replays_it(ready: Scene) -> None:
    """Others are not, whatever a person replays."""
    codes = ["05", "15", "01", "04"]
    pairs = [(x12(f"S-{code}"), x12(f"S-{code}", item(at), bsn=code)) for at, code in enumerate(codes, 1)]
    send(ready, *[one for pair in pairs for one in pair])
    assert told(ready) == [TAKEN, HELD] * 4
    for row in rows(ready)[::2]:
        operator_actions.discard(ready.integration, ready.work, row, "replaced")
    ready.sandbox.clock.move(11 * 60)
    ready.inbound()
    assert told(ready)[1::2] == [HELD] * 4, "never by itself"
    ready.inbound(replay=True)
    assert told(ready)[1::2] == [POSTED, POSTED, HELD, HELD]
    assert received(ready) == [1, 2]


def test_the_same_change_twice_is_one(ready: Scene) -> None:
    send(ready, x12("S-1", bsn="04"))
    send(ready, x12("S-1", bsn="04"))
    assert sorted(state for state, _ in told(ready)) == ["duplicate", "quarantined"]


def test_one_supplier_under_two_partner_files_ships_once_and_cancels_by_either(tmp_path: Path) -> None:
    """As when it changes its network or its identity: one file gets its orders, its notices may come by both."""
    with scene(tmp_path / "home") as made:
        made.world.behave("NORTHWIND", SILENT)
        made.orders(1, received=False)
        path = made.bench.home / "partners" / "acme.yaml"
        same = {"vendor": "20011", "orders": {"send": False}}
        path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **same}))
        with made.bench.open() as deployment:
            stage = replace(made, integration=deployment.integration(made.integration.name))
            deliver(stage, x12("S-1", item(3)) + x12("S-2", item(1), bsn="14"), "a.edi")
            deliver(stage, by_acme(x12("S-1", item(3)), x12("S-2", item(1), bsn="14")), "b.edi", box="ACME")
            stage.inbound()
            assert told(stage) == [POSTED, POSTED, TWICE, TWICE]
            assert received(stage) == [1, 3]
            deliver(stage, x12("S-3", item(2)), "c.edi")
            deliver(stage, by_acme(x12("S-3", bsn="01"), x12("S-1", item(3))), "d.edi", box="ACME")
            stage.inbound()
            assert told(stage)[4:] == [HELD, ("duplicate", None), TAKEN]
            assert [one["document"] for one in detail(stage, 4)["data"]["originals"]] == [rows(stage)[6].id]
            assert received(stage) == [1, 3]


def test_another_partners_notice_of_the_same_number_is_no_original(ready: Scene) -> None:
    """Taken over by its sender in the envelope."""
    send(ready, x12("S-1"))
    deliver(ready, by_acme(x12("S-1", bsn="01")), "acme.edi", box="ACME")
    ready.inbound()
    assert told(ready)[0] == POSTED
    assert "original unknown" in detail(ready, 1)["message"]


def test_a_held_original_shows_at_once_who_takes_it_back(ready: Scene) -> None:
    send(ready, x12("S-1", item(1000)))
    assert told(ready) == [("quarantined", "over_shipment")]
    send(ready, x12("S-1", bsn="01"))
    ready.inbound()
    assert told(ready) == [TAKEN, HELD]


def test_what_is_received_in_part_is_finished_whatever_comes_then(ready: Scene) -> None:
    """Its first receipt stands in the books, of two."""
    deliver(ready, x12("S-1"), "1.edi")
    pipeline.run(ready.integration, ready.work, pipeline.INBOUND[: pipeline.INBOUND.index(shipments.match) + 1])
    deliver(ready, x12("S-1", bsn="01"), "2.edi")
    pipeline.run(ready.integration, ready.work, pipeline.INBOUND[: pipeline.INBOUND.index(shipments.match) + 1])
    first, _ = rows(ready)
    assert list(earlier_notices.hold_taken_back(ready.integration, [first])) == [first.id]
    with ready.deployment.ledger.write() as tx:
        erp = ready.integration.erp
        new = NewOperation(first.id, 0, erp.connection, erp.company, "goods_receipt", "key-1", "there", "{}")
        (planned,) = operations.plan(tx, [new])
        operations.start(tx, [(planned.id, None)])
        operations.finish(tx, [(planned.id, Written("r-1"))])
    assert earlier_notices.hold_taken_back(ready.integration, [first]) == {}


def test_a_cancellation_that_comes_while_its_original_waits_to_be_received_stops_it(ready: Scene) -> None:
    deliver(ready, x12("S-1"), "1.edi")
    pipeline.run(ready.integration, ready.work, pipeline.INBOUND[: pipeline.INBOUND.index(shipments.match) + 1])
    assert told(ready) == [("coded", None)]
    deliver(ready, x12("S-1", bsn="01"), "2.edi")
    ready.inbound()
    assert told(ready) == [TAKEN, HELD]
    assert received(ready) == []


def test_a_number_that_only_looks_different_is_held_where_goods_and_day_are_the_same(ready: Scene) -> None:
    send(ready, x12("S-012"))
    send(ready, x12("S-12"), x12("S-12.0", item(5)), x12("S-13"))
    same = ("quarantined", "probably_the_same")
    assert told(ready) == [POSTED, same, POSTED, POSTED]
    assert detail(ready, 1)["data"]["earlier_number"] == "S-012"
    assert received(ready) == [5, 10, 10]


def test_a_partner_may_number_notices_so_that_two_differ_in_zeros_only(ready: Scene) -> None:
    partner = ready.integration.partners["northwind"].model_copy(update={"similar_numbers": "ignored"})
    ready.integration.partners["northwind"] = partner  # type: ignore[index]
    send(ready, x12("S-012"), x12("S-12"))
    assert told(ready) == [POSTED, POSTED]


def test_a_line_number_of_the_order_reference_that_contradicts_the_item_holds_the_notice(ready: Scene) -> None:
    send(ready, x12("S-1", order=("PRF*26000001****2",)), x12("S-2", order=("PRF*26000001****1",)))
    assert told(ready) == [("quarantined", "order_line_contradicted"), POSTED]
