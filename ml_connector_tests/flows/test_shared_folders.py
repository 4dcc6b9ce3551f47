"""Several partners behind one folder of Cleo: a file's envelope, layout or name tells who sent it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from ml_connector.errors import Reason
from ml_connector.flows.inbound.format_detection import senders
from ml_connector.flows.names.changed_settings import take_up_changes
from ml_connector.ledger.exchange import files
from ml_connector.ledger.tables.files import file
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.flows.scenes import Scene, scene
from ml_connector_tests.flows.test_files_end_to_end import INBOX, deliver
from ml_connector_tests.hostile.interchanges import Envelope, Invoice

OTHER_SUPPLIER = "20012"


@contextmanager
def shared(home: Path, partners: Mapping[str, Mapping[str, Any]], *, shares: bool = True) -> Iterator[Scene]:
    """All partners read from one folder; settings of some differ."""
    changes = {"connections": {"cleo_prod": {"shares_folders": shares}}}
    with scene(home, changes=changes, partner_changes={"channels": {"receive": [INBOX]}}) as made:
        for name, settings in partners.items():
            path = made.bench.home / "partners" / f"{name}.yaml"
            raw = yaml.safe_load(path.read_text())
            channels = {**raw["channels"], **settings.get("channels", {})}
            path.write_text(yaml.safe_dump({**raw, **settings, "channels": channels}))
        with made.bench.open() as deployment:
            yield Scene(made.bench, deployment, deployment.integration(made.integration.name), made.work)


def test_the_envelope_tells_whose_an_interchange_is(tmp_path: Path) -> None:
    """The second partner's own way of reading counts for its files, though the first stands first in the folder."""
    with shared(tmp_path / "home", {"northwind": {"syntax": "lenient"}}) as stage:
        stage.orders(1)
        mine, other = stage.orders(1)[0], stage.orders(1, supplier=OTHER_SUPPLIER)[0]
        deliver(stage, Invoice("N-1", mine).bytes(), "one.edi")
        acme = stage.integration.partners["acme"].identity
        envelope = Envelope(sender=acme.id, sender_qualifier=acme.qualifier, control=2)
        deliver(stage, Invoice("A-1", other, envelope=envelope).bytes(), "two.edi")
        stage.inbound()
        assert len(stage.posted()) == 2
        whose = {row.number: row.partner for row in stage.documents("invoices_in")}
        assert whose == {"N-1": "northwind", "A-1": "acme"}
        with stage.deployment.ledger.read() as tx:
            rows = files.in_state(tx, stage.integration.name, "in", ("parsed",), limit=10)
        assert {row.name: row.partner for row in rows} == {"one.edi": "northwind", "two.edi": "acme"}


def test_without_the_setting_they_are_stopped_and_told_of_it(tmp_path: Path) -> None:
    with shared(tmp_path / "home", {}, shares=False) as stage:
        assert stage.integration.partners == {}
        assert all("shares_folders: true" in problem.remedy for problem in stage.integration.problems)


def test_the_advice_for_a_stranger_in_a_known_folder_leads_to_where_it_works(tmp_path: Path) -> None:
    """What `To fix` says is done to the letter: the document goes its way."""
    with scene(tmp_path / "home") as stage:
        (order,) = stage.orders(1, supplier=OTHER_SUPPLIER)
        acme = stage.integration.partners["acme"].identity
        envelope = Envelope(sender=acme.id, sender_qualifier=acme.qualifier)
        deliver(stage, Invoice("A-1", order, envelope=envelope).bytes(), "a.edi")
        take_up_changes(stage.integration)  # as every tick and sync does first
        stage.inbound()
        (held,) = stage.documents(states=(S.QUARANTINED,))
        assert held.reason == Reason.UNKNOWN_PARTNER
        remedy = (held.reason_detail or {})["mend"]
        assert f"name {INBOX} under channels.receive" in remedy
        assert "set `shares_folders: true` at connection cleo_prod" in remedy
        path = stage.bench.home / "partners" / "acme.yaml"
        raw = yaml.safe_load(path.read_text())
        raw["channels"]["receive"] = [*raw["channels"]["receive"], INBOX]
        path.write_text(yaml.safe_dump(raw))
        config = yaml.safe_load(stage.bench.config.read_text())
        config["connections"]["cleo_prod"]["shares_folders"] = True
        stage.bench.config.write_text(yaml.safe_dump(config))
        with stage.bench.open() as deployment:
            integration = deployment.integration(stage.integration.name)
            take_up_changes(integration)
            Scene(stage.bench, deployment, integration, stage.work).inbound()
        assert len(stage.posted()) == 1


@pytest.mark.parametrize(
    ("name", "owner"), [("ACME_810_1.csv", ["acme"]), ("nw-1.csv", ["northwind"]), ("x.csv", ["brightline"])]
)
def test_a_name_tells_whose_a_flat_file_is(tmp_path: Path, name: str, owner: list[str]) -> None:
    """Upper and lower case are the same; who has no pattern has what nobody claims."""
    partners = {
        "acme": {"channels": {"names": ["acme_*.csv"]}},
        "northwind": {"channels": {"names": ["NW-*.csv", "northwind*"]}},
    }
    with shared(tmp_path / "home", partners) as stage:
        deliver(stage, b"a,b\n1,2\n", name)
        stage.inbound()
        with stage.deployment.ledger.read() as tx:
            (row,) = files.in_state(tx, stage.integration.name, "in", ("rejected", "incomplete", "parsed"), limit=10)
        assert [partner.name for partner in senders(stage.integration, row)] == owner
        assert row.partner == (owner[0] if owner != ["brightline"] else None)


def test_no_name_is_given_twice_in_a_folder_that_two_partners_have(tmp_path: Path) -> None:
    """Numbers go by the pair of identities: both have a first one, and neither name tells whose it is."""
    partner = {"orders": {"file_name": "{set}_{control}.{ext}"}, "channels": {"send": "/NORTHWIND/outbox"}}
    with shared(tmp_path / "home", {"northwind": partner, "acme": partner}) as stage:
        stage.world.consumer.options.paused = True
        stage.orders(1, received=False)
        stage.orders(1, received=False, supplier=OTHER_SUPPLIER, seed=4)
        stage.outbound()
        with stage.deployment.ledger.read() as tx:
            query = sa.select(file.c.name, file.c.state).where(file.c.direction == "out").order_by(file.c.id)
            sent = tx.execute(query).tuples().all()
        assert sent == [("850_000000001.edi", "sent"), ("850_000000001-2.edi", "sent")]
