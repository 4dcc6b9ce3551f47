"""Files mode against OpenSSH, on this machine's disk: out for approval, back coded, paid, booked."""

import getpass
from pathlib import Path

import pytest

from ml_connector.ledger.audit import verify
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.avidxchange.files.exchange import Exchange
from ml_connector.sandbox.avidxchange.files.place import FROM, INCOMING, LOADED, OUTGOING, TO
from ml_connector_tests.systems.avidxchange.stage import Stage, avid_stage
from ml_connector_tests.systems.avidxchange.test_coded_invoices_in import approved, closed, states
from ml_connector_tests.systems.avidxchange.test_files import FLOWS
from ml_connector_tests.systems.avidxchange.test_invoices_out import booked, there, vendor_there, with_pdf
from ml_connector_tests.systems.avidxchange.test_paid import MATCHED, status
from ml_connector_tests.systems.truecommerce.sshd import HOW, find_sshd, running

pytestmark = pytest.mark.skipif(find_sshd() is None, reason=HOW)


class DiskPlace:
    """`Place` over a folder of the disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in (*(f"{TO}/{one}" for one in INCOMING), *(f"{FROM}/{one}" for one in OUTGOING)):
            (root / folder).mkdir(parents=True)

    def names(self, folder: str) -> list[str]:
        return sorted(one.name for one in (self.root / folder).iterdir())

    def read(self, folder: str, name: str) -> bytes:
        return (self.root / folder / name).read_bytes()

    def put(self, folder: str, name: str, data: bytes) -> None:
        (self.root / folder / name).write_bytes(data)

    def mark(self, folder: str, name: str) -> None:
        (self.root / folder / name).rename(self.root / folder / f"{name}{LOADED}")


def work(stage: Stage, exchange: Exchange) -> None:
    """One round of both sides."""
    stage.outbound()
    stage.sandbox.call(exchange.take)
    stage.sandbox.call(exchange.give)
    stage.inbound()
    stage.sandbox.clock.move(700)


def test_the_whole_story_over_a_real_server(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        key = tmp_path / "login_key"
        key.write_text(server.login_key)
        key.chmod(0o600)
        reached = {
            "host": "127.0.0.1",
            "port": server.port,
            "username": getpass.getuser(),
            "password": None,
            "private_key": {"file": str(key)},
            "host_key_fingerprint": str(server.host_key()),
            "root": str(server.files),
        }
        place = DiskPlace(server.files)
        with avid_stage(tmp_path / "home", flows=FLOWS, mode="files", files=reached) as stage:
            exchange = Exchange(stage.avid, place)
            stage.outbound()
            stage.inbound()
            vendor_there(stage)
            entry = booked(stage, "OURS")
            with_pdf(stage, entry)
            work(stage, exchange)
            (row,) = there(stage)
            assert stage.avid.images[str(row["Id"])] == b"%PDF-1.7 an invoice"
            stage.sandbox.call(stage.desk.approve, str(row["Id"]))
            approved(stage, "THEIRS")
            closed(stage, "OURS", "THEIRS")
            stage.sandbox.call(stage.desk.pay, [str(row["Id"])], status="Cleared")
            work(stage, exchange)
            work(stage, exchange)
            assert states(stage)["THEIRS"] == ("posted", None)
            assert [(one.state, one.reason) for one in stage.documents("payments_in")] == [(S.POSTED, None)]
            assert status(stage, entry) == MATCHED
            assert len(there(stage)) == 2
            left = [name for folder in ("Invoices", "Payments") for name in place.names(f"{FROM}/{folder}")]
            assert len(left) == 2
            assert all(name.endswith(LOADED) for name in left)
            assert not [name for folder in INCOMING for name in place.names(f"{TO}/{folder}") if ".tmp" in name]
            assert verify.verify(stage.deployment.ledger).clean
