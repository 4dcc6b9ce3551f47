"""Records reach a network once, whatever becomes of the answers; over a network in memory."""

from dataclasses import replace
from decimal import Decimal

import pytest

from ml_connector.documents.json import dump
from ml_connector.documents.kinds import Direction, DocumentKind
from ml_connector.documents.payables.invoices import NetworkInvoice
from ml_connector.errors import ConfigError, RefusedBySystem, TryAgain
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.ports import (
    NETWORK_INVOICES,
    NETWORK_VENDORS,
    TO_NETWORK_INVOICES,
    StoredOperation,
    record_source,
    records_of,
)
from ml_connector.flows.outbound.records import SentRecords, network_ids
from ml_connector.ledger.audit import verify
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import NewDocument
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.flows.scenes import Scene
from ml_connector_tests.support.memory_network import MemoryNetwork

FLOW = "invoices_out"
SENT = SentRecords(FLOW, TO_NETWORK_INVOICES, NetworkInvoice)


def over(stage: Scene) -> tuple[Integration, MemoryNetwork]:
    network = MemoryNetwork()
    return replace(stage.integration, network=network), network


def waiting(stage: Scene, integration: Integration, *numbers: str) -> None:
    new = [
        NewDocument(
            kind=DocumentKind.PAYABLE,
            direction=Direction.OUT,
            flow=FLOW,
            **integration.scope,
            **integration.party("acme"),
            number=number,
            business_key=integration.sent_key(DocumentKind.PAYABLE, number, 0),
            state=S.RESOLVED,
            canonical=dump(NetworkInvoice(number=number, total=Decimal("121.00"), external_id=f"entry-{number}")),
            source_id=number,
        )
        for number in numbers
    ]
    with integration.ledger.write() as tx:
        documents.add_documents(tx, new, stage.work)


def test_an_answer_that_was_lost_doubles_nothing(stage: Scene) -> None:
    integration, network = over(stage)
    waiting(stage, integration, "A-1", "A-2", "A-3")
    network.records.lose_answers = 2
    for _ in range(4):
        SENT.send(integration, stage.work)
        stage.sandbox.clock.move(60)
    rows = stage.documents(FLOW)
    assert [row.state for row in rows] == [S.SENT] * 3
    there = network.shelf(NETWORK_INVOICES.name).all
    assert sorted(one.external_id for one in there) == ["entry-A-1", "entry-A-2", "entry-A-3"]
    assert network.records.written == 3
    with integration.ledger.read() as tx:
        assert network_ids(tx, rows) == {row.id: next(o.id for o in there if o.number == row.number) for row in rows}
    assert verify.verify(stage.deployment.ledger).clean


def test_the_intent_stands_in_the_ledger_before_the_call(stage: Scene) -> None:
    integration, network = over(stage)
    waiting(stage, integration, "A-1")
    seen: list[str] = []

    def look(operation: StoredOperation) -> None:
        (row,) = stage.documents(FLOW)
        seen.append(f"{row.state} {operation.payload != ''}")

    network.records.before = look
    SENT.send(integration, stage.work)
    assert seen == ["sending True"]


def test_what_is_refused_is_held_and_what_was_not_sent_goes_later(stage: Scene) -> None:
    integration, network = over(stage)
    waiting(stage, integration, "A-1", "A-2")

    def refuse(operation: StoredOperation) -> None:
        if "A-1" in operation.payload:
            raise RefusedBySystem("no such vendor", remedy="Send the vendor first.")
        if not operation.attempts or operation.attempts == 1:
            raise TryAgain("busy", after_seconds=1)

    network.records.before = refuse
    SENT.send(integration, stage.work)
    stage.sandbox.clock.move(30)
    SENT.send(integration, stage.work)
    assert {row.number: (row.state, row.reason) for row in stage.documents(FLOW)} == {
        "A-1": (S.QUARANTINED, "refused_by_system"),
        "A-2": (S.SENT, None),
    }


def test_changes_of_a_kind_are_read_from_a_cursor_and_records_found_by_our_id(stage: Scene) -> None:
    _, network = over(stage)
    waiting(stage, replace(stage.integration, network=network), "A-1")
    SENT.send(replace(stage.integration, network=network), stage.work)
    source = record_source(network, NETWORK_INVOICES)
    first = source.changed(None)
    assert [one.document.number for one in first.records] == ["A-1"]
    assert source.from_record(first.records[0].record) == first.records[0].document
    assert not source.changed(first.cursor).records
    assert [one.document.id for one in source.by_external_id(["entry-A-1"])] == [first.records[0].document.id]


def test_folders_alone_are_said_to_be_no_records(stage: Scene) -> None:
    with pytest.raises(ConfigError, match="folders of files, and no records"):
        records_of(stage.integration.network)
    network = MemoryNetwork()
    network.records.sources = {}
    with pytest.raises(ConfigError, match="network vendors cannot be read from memory"):
        record_source(network, NETWORK_VENDORS)
