"""What stands behind the upload folders: it takes files away, keeps them, and counts orders."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector_tests.sandbox.cleo_bench import Bench

OUTBOX = "/NORTHWIND/outbox"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Bench(tmp_path).serving() as bench:
        bench.log_in()
        yield bench


def test_an_uploaded_file_is_gone_at_once_and_kept_behind(bench: Bench) -> None:
    data = bench.order("4711")
    assert bench.upload(OUTBOX, "po.edi", data).status_code == 201
    assert bench.listing(OUTBOX)["totalResults"] == 0
    taken = bench.world.consumer.taken[0]
    assert (taken.name, taken.data, taken.error) == ("po.edi", data, "")
    assert bench.world.consumer.orders() == {"4711": 1}


def test_the_same_upload_twice_counts_twice(bench: Bench) -> None:
    data = bench.order("4711")
    for _ in range(2):
        bench.upload(OUTBOX, "po.edi", data)
    assert bench.world.consumer.orders() == {"4711": 2}
    assert set(bench.world.consumer.interchanges().values()) == {2}
    assert bench.world.summary()["consumed_orders_more_than_once"] == {"4711": 2}


@pytest.mark.parametrize("everywhere", [True, False])
def test_a_partner_that_deduplicates_drops_the_repeat(bench: Bench, everywhere: bool) -> None:
    options = bench.world.consumer.options
    options.deduplicate = everywhere
    if not everywhere:
        options.deduplicating.add(OUTBOX)
    data = bench.order("4711")
    bench.upload(OUTBOX, "po.edi", data)
    bench.upload(OUTBOX, "po.edi", data)
    bench.upload(OUTBOX, "other.edi", data)
    assert bench.world.consumer.orders() == {"4711": 2}
    assert [repeat.name for repeat in bench.world.consumer.repeats] == ["po.edi"]


def test_with_a_delay_the_file_lies_there_until_the_clock_has_moved(bench: Bench) -> None:
    bench.world.consumer.options.delay = 60
    bench.upload(OUTBOX, "po.edi", bench.order("4711"))
    bench.call(bench.world.work)
    assert bench.listing(OUTBOX)["totalResults"] == 1
    bench.clock.move(61)
    bench.call(bench.world.work)
    assert bench.listing(OUTBOX)["totalResults"] == 0
    assert bench.world.consumer.orders() == {"4711": 1}


def test_a_paused_consumer_leaves_files_until_it_goes_on(bench: Bench) -> None:
    bench.world.consumer.options.paused = True
    bench.upload(OUTBOX, "po.edi", bench.order("4711"))
    bench.call(bench.world.work)
    assert bench.world.consumer.taken == []
    bench.world.consumer.options.paused = False
    bench.call(bench.world.work)
    assert bench.world.consumer.orders() == {"4711": 1}


def test_what_cannot_be_read_is_taken_and_told(bench: Bench) -> None:
    bench.upload(OUTBOX, "po.edi", b"not X12 at all")
    taken = bench.world.consumer.taken[0]
    assert taken.error
    assert bench.world.consumer.orders() == {}
    assert bench.world.summary()["consumed_unreadable"] == 1


def test_changes_and_cancellations_are_counted_apart_from_orders(bench: Bench) -> None:
    bench.upload(OUTBOX, "1.edi", bench.order("4711"))
    bench.upload(OUTBOX, "2.edi", bench.order("4711", purpose="05"))
    assert bench.world.consumer.orders() == {"4711": 1}
    assert bench.world.consumer.documents() == {"850 00 4711": 1, "850 05 4711": 1}
