"""What a look at 5,000 files that have not changed costs: one listing, no file opened, and so many bytes."""

from pathlib import Path
from urllib.parse import urlsplit

from ml_connector.orchestration.sensors.pending_work import inbound_work
from ml_connector_tests.systems.truecommerce.relay import Relay, relay
from ml_connector_tests.systems.truecommerce.stage import Stage, open_stage

FILES = 5_000
#: docs/connect-truecommerce.md says what was measured; a name of 32 characters takes 169 bytes.
MOST_BYTES = 200 * FILES


def test_a_tick_over_unchanged_files_is_one_listing_and_no_download(tmp_path: Path) -> None:
    stages: list[Stage] = []

    def port() -> int:
        return urlsplit(stages[0].sandbox.addresses()["truecommerce"]).port or 0

    with relay(port) as wire, open_stage(tmp_path, port=wire.port) as stage:
        stages.append(stage)
        service = stage.sandbox.truecommerce
        stage.sandbox.call(service.fill, FILES, "invoice_acme_2026112_{n}.edi", b"x")
        inbound_work(stage.integration)
        for _ in range(3):
            cost = tick(stage, wire)
            assert cost["LIST"] == 1
            assert cost["OPEN"] == cost["READ"] == 0
            assert cost["bytes"] < MOST_BYTES


def tick(stage: Stage, wire: Relay) -> dict[str, int]:
    """Calls and bytes of one question of the sensor."""
    counts = stage.sandbox.journal.counts
    before, sent, received = dict(counts), wire.sent, wire.received
    inbound_work(stage.integration)
    calls = {name: count - before.get(name, 0) for name, count in counts.items() if count != before.get(name, 0)}
    named = {name: sum(n for key, n in calls.items() if name in key.upper()) for name in ("LIST", "OPEN", "READ")}
    return {**named, "bytes": wire.sent - sent + wire.received - received, "calls": sum(calls.values())}
