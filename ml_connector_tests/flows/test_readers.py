"""Readers of incoming files: each file is for one of them, and only X12 is answered."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from ml_connector.edi import read_events
from ml_connector.errors import Reason, SenderMustCorrect
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.ports.own_format import Bytes
from ml_connector.flows.inbound import parsing
from ml_connector.flows.inbound.readers import reader_for
from ml_connector.layouts import ReadDocument, load_layout, read_documents
from ml_connector.ledger.exchange import files
from ml_connector.ledger.exchange.files import FileRow
from ml_connector.ledger.work.records import ClaimLost
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.flows.scenes import Scene, scene
from ml_connector_tests.flows.test_files_end_to_end import an_invoice
from ml_connector_tests.flows.test_flat_documents import INVOICE
from ml_connector_tests.hostile.interchanges import Invoice

LAYOUT = load_layout("truecommerce_810_csv")


class Batches:
    """A network's own JSON: a list of invoices under `batch`, each as a line of values."""

    name = "toy_batches"

    def fits(self, head: bytes) -> bool:
        return head.lstrip().startswith(b'{"batch"')

    def read(self, source: Bytes) -> Iterator[ReadDocument]:
        try:
            rows = json.loads(source.read())["batch"]
        except ValueError as error:
            raise SenderMustCorrect("The batch ends in the middle.", data={"unfinished": True}) from error
        heading = INVOICE.splitlines()[0]
        return read_documents("\r\n".join([heading, *rows, ""]).encode(), LAYOUT)


def batch(*numbers: str) -> bytes:
    line = INVOICE.splitlines()[1]
    return json.dumps({"batch": [line.replace("I-1", number) for number in numbers]}).encode()


def stored(stage: Scene, name: str, data: bytes) -> FileRow:
    """A file of northwind's folder, as receiving leaves it."""
    (channel,) = stage.integration.partners["northwind"].channels.receive
    with stage.deployment.ledger.write() as tx:
        sha256 = files.put_blob(tx, data)
        network = stage.integration.network.connection
        new = files.NewFile("in", stage.integration.name, network, channel, name, len(data), sha256, "stored")
        row = files.get(tx, files.add_file(tx, new))
    assert row is not None
    return row


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("readers")) as stage:
        yield replace(stage, integration=replace(stage.integration, file_formats=(Batches(),)))


def with_layouts(integration: Integration) -> Integration:
    partner = integration.partners["northwind"]
    layouts = partner.layouts.model_copy(update={"receive": ("csv",)})
    partners = {**integration.partners, "northwind": partner.model_copy(update={"layouts": layouts})}
    return replace(integration, partners=partners, layouts={"csv": LAYOUT})


@pytest.mark.parametrize(
    ("head", "plain", "by_layout"),
    [
        (b"\r\n ISA*00*", Reason.NOT_X12, Reason.NOT_X12),
        (b'{"batch": [', Reason.NO_LAYOUT_FITS, Reason.NO_LAYOUT_FITS),
        (b"TradingPartner,InvoiceNumber", Reason.NOT_X12, Reason.NO_LAYOUT_FITS),
        (b"", Reason.NOT_X12, Reason.NO_LAYOUT_FITS),
    ],
)
def test_a_file_is_for_the_reader_that_claims_it(made: Scene, head: bytes, plain: Reason, by_layout: Reason) -> None:
    """X12 by its beginning, then the network's own, then the folder's layouts; what is nobody's is told by X12."""
    row = stored(made, "f", head or b" ")
    assert reader_for(made.integration, row, head).unreadable is plain
    assert reader_for(with_layouts(made.integration), row, head).unreadable is by_layout


def test_a_format_of_the_networks_own_becomes_documents_without_a_997(tmp_path: Path) -> None:
    with scene(tmp_path / "home") as stage:
        own = replace(stage.integration, file_formats=(Batches(),))
        stored(stage, "batch.json", batch("B-1", "B-2"))
        stored(stage, "one.edi", an_invoice(stage, "X-1"))
        stored(stage, "cut.json", batch("B-3")[:40])
        parsing.parse(own, stage.work)
        found = {row.number: row for row in stage.documents("invoices_in")}
        assert {number: row.state for number, row in found.items()} == dict.fromkeys(("B-1", "B-2", "X-1"), S.PARSED)
        assert {row.partner for row in found.values()} == {"northwind"}
        assert len(stage.documents("acknowledgments_out")) == 1  # of the interchange
        stage.sandbox.clock.move(3600)
        parsing.parse(own, stage.work)
        (held,) = stage.documents(states=(S.QUARANTINED,))
        assert held.reason == Reason.NO_LAYOUT_FITS
        assert "ends in the middle" in (held.reason_detail or {})["message"]


def test_a_file_that_this_program_stumbles_over_keeps_no_other_from_being_read(tmp_path: Path) -> None:
    with scene(tmp_path / "home") as stage:
        own = replace(stage.integration, file_formats=(Batches(),))
        odd = stored(stage, "odd.json", b'{"batch": 7}')
        stored(stage, "batch.json", batch("B-1"))
        stored(stage, "one.edi", an_invoice(stage, "X-1"))
        parsing.parse(own, stage.work)
        assert {row.number for row in stage.documents("invoices_in", states=(S.PARSED,))} == {"B-1", "X-1"}
        (held,) = stage.documents(states=(S.QUARANTINED,))
        assert (held.reason, held.file_id, held.next_attempt_at) == (Reason.FILE_UNREADABLE, odd.id, None)
        assert "a defect (TypeError)" in (held.reason_detail or {})["message"]
        assert "Report it" in (held.reason_detail or {})["mend"]
        with stage.deployment.ledger.read() as tx:
            assert files.in_state(tx, own.name, "in", ("stored",), limit=9) == []


def test_of_an_interchange_with_such_a_set_nothing_is_posted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no end that anybody has read; a person is told of the file, and a second run does not begin anew."""
    with scene(tmp_path / "home") as stage:
        (order,) = stage.orders(1)
        made_of = read_events.ReceivedSet.document.fget
        assert made_of is not None

        def stumbling(received: read_events.ReceivedSet) -> object:
            document = made_of(received)
            if getattr(document, "number", "") == "BAD":
                raise RecursionError
            return document

        monkeypatch.setattr(read_events.ReceivedSet, "document", property(stumbling))
        stored(stage, "bad.edi", Invoice("BAD", order).bytes())
        stored(stage, "good.edi", an_invoice(stage, "X-1"))
        for _ in range(2):
            parsing.parse(stage.integration, stage.work)
        assert [row.number for row in stage.documents("invoices_in")] == ["X-1"]
        (held,) = stage.documents(states=(S.QUARANTINED,))
        assert (held.reason, held.number) == (Reason.FILE_UNREADABLE, "bad.edi")
        assert len(stage.documents("acknowledgments_out")) == 1


@pytest.mark.parametrize("loud", [ClaimLost("lost"), OperationalError("", {}, Exception()), OSError(), MemoryError()])
def test_what_is_no_files_fault_holds_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loud: Exception) -> None:
    """The ledger, the machine, a claim that is lost: each would come at every file, which is read when it is over."""

    def away(*given: object) -> object:
        raise loud

    with scene(tmp_path / "home") as stage:
        stored(stage, "batch.json", batch("B-1"))
        own = replace(stage.integration, file_formats=(Batches(),))
        with monkeypatch.context() as while_away:
            while_away.setattr(Batches, "read", away)
            with pytest.raises(type(loud)):
                parsing.parse(own, stage.work)
        parsing.parse(own, stage.work)
        assert [row.number for row in stage.documents("invoices_in", states=(S.PARSED,))] == ["B-1"]
