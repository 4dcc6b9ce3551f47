"""`ml-connector try --order`: what would leave for an order is what a run then sends."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
import sqlalchemy as sa

from ml_connector.cli.schema import schemas
from ml_connector.flows.reference.syncing import refresh_orders
from ml_connector.ledger.exchange import blobs
from ml_connector.ledger.tables.documents import file
from ml_connector.sandbox.exact import user
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.flows.scenes import Scene, scene
from ml_connector_tests.flows.test_sending import SILENT


@pytest.fixture
def stage(tmp_path: Path, fresh_url: str) -> Iterator[Scene]:
    with scene(tmp_path / "home", ledger_url=fresh_url) as made:
        made.world.behave("NORTHWIND", SILENT)
        yield made


def sent(stage: Scene) -> list[str]:
    with stage.deployment.ledger.read() as tx:
        query = sa.select(file.c.sha256).where(file.c.direction == "out").order_by(file.c.id)
        return [blobs.read_blob(tx, one).decode("latin-1") for one in tx.execute(query).scalars()]


def body(text: str) -> str:
    """Without the envelope's moments, which go on between a try and a run."""
    return text[text.index("ST*") : text.index("GE*")]


def test_an_order_its_change_and_nothing_new(stage: Scene) -> None:
    (order,) = stage.orders(1, received=False)
    refresh_orders(stage.integration)
    first = say("try", "--order", order["number"], "--json")
    assert first.code == 0, first.out
    jsonschema.Draft202012Validator(schemas()["try_order.schema.json"]).validate(first.json)
    (document,) = first.json["documents"]
    assert first.json["had"] is None
    assert document["kind"] == "order"
    assert sent(stage) == []
    stage.outbound()
    assert body(document["writes"][0]["payload"]) == body(sent(stage)[0])

    nothing = say("try", "--order", order["number"], "--json").json
    assert nothing["documents"] == []
    assert nothing["had"]["revision"] == 0
    assert "Nothing changed" in nothing["why_not"]

    stage.sandbox.call(user.change_order_line, stage.sandbox.exact, int(order["number"]), 1, quantity=Decimal(12))
    stage.sandbox.clock.move(120)
    refresh_orders(stage.integration)
    changed = say("try", "--order", order["number"], "--json").json
    (document,) = changed["documents"]
    assert document["kind"] == "order_change"
    assert any("quantity" in one["path"] and one["would_have"] == "12" for one in changed["differences"])
    stage.outbound()
    assert body(document["writes"][0]["payload"]) == body(sent(stage)[-1])


def test_an_order_that_nobody_read_is_told(stage: Scene) -> None:
    said = say("try", "--order", "4711", "--json")
    assert said.code == 2
    assert "4711" in said.json["error"]["message"]


def test_files_or_an_order() -> None:
    assert say("try").code == 2
    assert say("try", "a.edi", "--order", "1").code == 2


def test_an_order_that_was_deleted_since_is_not_said_to_be_unchanged(stage: Scene) -> None:
    (order,) = stage.orders(1, received=False)
    stage.outbound()
    stage.sandbox.call(user.delete, stage.sandbox.exact, int(order["number"]))
    stage.sandbox.clock.move(60)
    refresh_orders(stage.integration)
    told = say("try", "--order", order["number"], "--json").json
    assert told["documents"] == []
    assert "do not have it any more" in told["why_not"]
