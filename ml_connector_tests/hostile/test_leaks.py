"""The look for leaked secrets finds one wherever it is planted: without this, finding none would prove nothing."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from ml_connector.errors import TryAgain
from ml_connector.flows.core.ports import BILLS, target_of
from ml_connector.ledger.coordination import cursors
from ml_connector.ledger.tables.documents import token
from ml_connector_tests.hostile.leaks import keys_of
from ml_connector_tests.hostile.stage import Reply, Stage, attacked


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """A scene of its own: what is planted stays."""
    with attacked(tmp_path_factory.mktemp("leaks") / "home") as made:
        yield made


def _token(stage: Stage) -> str:
    """A secret that nobody told the scene: it was heard on the wire."""
    tokens = stage.scene.deployment.authorization("exact_nl")
    assert tokens is not None
    return tokens.token()


def _in_a_log(stage: Stage, secret: str) -> None:
    logging.getLogger("ml_connector.anything").warning("token %s", secret)


def _in_a_traceback(stage: Stage, secret: str) -> None:
    try:
        int(secret)
    except ValueError:
        logging.getLogger("ml_connector.anything").exception("it failed")


def _in_a_cause(stage: Stage, secret: str) -> None:
    def fail() -> None:
        try:
            int(secret)
        except ValueError:
            raise TryAgain("nothing secret here") from None

    stage.ended(fail)


def _in_facts(stage: Stage, secret: str) -> None:
    def fail() -> None:
        raise TryAgain("nothing secret here", data={"token": secret})

    stage.ended(fail)


def _in_the_ledger(stage: Stage, secret: str) -> None:
    with stage.scene.deployment.ledger.write() as tx:
        cursors.put(tx, "planted", f"before {secret} after")


def _in_a_column_beside_the_encrypted(stage: Stage, secret: str) -> None:
    with stage.scene.deployment.ledger.write() as tx:
        tx.execute(sa.update(token).where(token.c.connection == "exact_nl").values(detail={"seen": secret}))


def _in_a_file(stage: Stage, secret: str) -> None:
    (stage.scene.bench.home / "notes.txt").write_text(secret)


@pytest.mark.parametrize(
    ("plant", "place"),
    [
        (_in_a_log, "log"),
        (_in_a_traceback, "log"),
        (_in_a_cause, "exception"),
        (_in_facts, "exception"),
        (_in_the_ledger, "ledger position.value"),
        (_in_a_column_beside_the_encrypted, "ledger token.detail"),
        (_in_a_file, "file notes.txt"),
    ],
)
def test_a_planted_secret_is_found(bare: Stage, plant: Callable[[Stage, str], None], place: str) -> None:
    plant(bare, _token(bare))
    assert place in bare.leaks()


def test_every_kind_of_secret_is_known(bare: Stage) -> None:
    """What the scene was started with, what is stored, and what crosses the wire."""
    known = bare.eavesdropper.secrets
    options = bare.scene.sandbox.options.exact
    bare.inbound()
    bare.scene.sandbox.clock.move(601)
    target_of(bare.scene.integration.erp, BILLS).existing([])
    tokens = bare.scene.deployment.authorization("exact_nl")
    assert tokens is not None
    fresh = tokens.token()
    row = tokens.store.read()
    assert row is not None
    assert row.refresh is not None
    assert {fresh, row.refresh.reveal(), options.client_secret, options.webhook_secret} <= known
    assert set(keys_of(bare.scene.bench.home)) <= known
    assert "sandbox-cleo-password" in known


def test_what_an_answer_hides_in_its_body_is_heard(bare: Stage) -> None:
    bare.exact.replies.append(Reply({"access_token": "planted-token-1234"}, path="*/oauth2/token"))
    import httpx

    httpx.post(f"{bare.scene.sandbox.addresses()['exact']}/api/oauth2/token", data={"code": "planted-code-1234"})
    assert {"planted-token-1234", "planted-code-1234"} <= bare.eavesdropper.secrets
    assert Path(bare.scene.bench.home).is_dir()
