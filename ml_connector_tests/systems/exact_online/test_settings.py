"""What a connection's settings say reaches the client that uses it."""

from pathlib import Path

from ml_connector.systems.exact_online.settings import FAILURE_TEXTS
from ml_connector_tests.support.deployment import open_bench


def test_settings_of_a_connection_are_those_of_its_client(tmp_path: Path) -> None:
    given = {
        "language": "FR-BE",
        "full_sync_days": 3,
        "closed_order_days": 90,
        "credit_note_sign": -1,
        "failure_texts": ["Ein Fehler ist aufgetreten."],
        "concurrency": 3,
        "without": ["cost_units"],
    }
    with open_bench(tmp_path / "home", changes={"connections": {"exact_nl": given}}) as bench, bench.open() as opened:
        settings = opened.connected("exact_nl").client.settings
    assert (settings.language, settings.concurrency, settings.credit_factor) == ("FR-BE", 3, -1)
    assert (settings.full_sync_days, settings.closed_order_days) == (3, 90)
    assert settings.without == ("cost_units",)
    assert settings.failure_texts == (*FAILURE_TEXTS, "Ein Fehler ist aufgetreten.")
