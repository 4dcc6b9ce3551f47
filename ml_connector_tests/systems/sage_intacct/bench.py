"""The connection over real sockets against the stand-in, with a ledger and its stored sessions; waits move time."""

from dataclasses import dataclass, fields
from typing import Any

from ml_connector.sandbox.sage_intacct.books.record import Record
from ml_connector.sandbox.sage_intacct.options import SageIntacctOptions
from ml_connector.sandbox.sage_intacct.state import SageIntacctState
from ml_connector.systems.sage_intacct.erp import IntacctErp
from ml_connector.systems.sage_intacct.factory import build_intacct
from ml_connector.systems.sage_intacct.settings import IntacctConnection
from ml_connector_tests.sandbox.sage_intacct.bench import IntacctBench
from ml_connector_tests.systems.erp_bench import ErpBench, HastyClock, Parts, fresh, parts_on

__all__ = ["Bench", "HastyClock", "Parts", "fresh", "parts_on"]


@dataclass
class Bench(ErpBench[IntacctBench, IntacctErp]):
    """The stand-in with its own client (`site`), and connections on it."""

    system = "sage_intacct"

    @property
    def state(self) -> SageIntacctState:
        return self.site.state

    @property
    def options(self) -> SageIntacctOptions:
        return self.site.options

    def settings(self, **more: Any) -> IntacctConnection:
        login = self.site.login
        values = {
            "system": "sage_intacct",
            "base_url": self.site.url,
            "sender_id": login["sender_id"],
            "sender_password": {"file": self.secret("sender", login["sender_password"])},
            "company_id": login["company_id"],
            "username": login["user_id"],
            "password": {"file": self.secret("password", login["user_password"])},
            "gmt_offset": self.options.gmt_offset,
            "timeout_seconds": 10,
            "location": "110",
            "department": "20",
        }
        return IntacctConnection.model_validate({**values, **more})

    def build(self, settings: IntacctConnection) -> IntacctErp:
        return build_intacct(self.name, settings, self.parts)

    def begin(self) -> None:
        self.state.sessions.end_all()
        self.state.sessions.counts.clear()

    def end(self) -> None:
        for one in fields(self.options):
            setattr(self.options, one.name, getattr(SageIntacctOptions(), one.name))
        self.state.troubles.clear()
        super().end()

    def rows(self, name: str, **values: Any) -> list[Record]:
        """What stands in the company's books."""
        return [
            row
            for row in self.state.main.tables[name]
            if all(row.text(field) == str(value) for field, value in values.items())
        ]
