"""The connection over real sockets against the stand-in, with a ledger and its stored tokens; waits move time."""

from dataclasses import dataclass, fields
from typing import Any

from ml_connector.sandbox.acumatica.options import AcumaticaOptions
from ml_connector.sandbox.acumatica.state import AcumaticaState
from ml_connector.sandbox.acumatica.wire.record import Record
from ml_connector.systems.acumatica.erp import AcumaticaErp
from ml_connector.systems.acumatica.factory import build_acumatica
from ml_connector.systems.acumatica.settings import AcumaticaConnection
from ml_connector_tests.sandbox.acumatica.bench import AcumaticaBench, options
from ml_connector_tests.systems.erp_bench import ErpBench, Parts, fresh, parts_on

__all__ = ["Bench", "Parts", "fresh", "parts_on"]


@dataclass
class Bench(ErpBench[AcumaticaBench, AcumaticaErp]):
    """The stand-in with its own client (`site`), and connections on it."""

    system = "acumatica"

    @property
    def state(self) -> AcumaticaState:
        return self.site.state

    @property
    def options(self) -> AcumaticaOptions:
        return self.site.options

    def settings(self, **more: Any) -> AcumaticaConnection:
        login = self.site.login
        values = {
            "system": "acumatica",
            "base_url": self.site.base,
            "tenant": login["tenant"],
            "branch": "HEADOFFICE",
            "version": "24.200.001",
            "client_id": login["client_id"],
            "client_secret": {"file": self.secret("secret", login["client_secret"])},
            "username": login["username"],
            "password": {"file": self.secret("password", login["password"])},
            "timeout_seconds": 10,
        }
        return AcumaticaConnection.model_validate({**values, **more})

    def build(self, settings: AcumaticaConnection) -> AcumaticaErp:
        return build_acumatica(self.name, settings, self.parts)

    def begin(self) -> None:
        self.state.sessions.end_all()
        self.state.sessions.most_at_once = 0
        self.state.sessions.counts.clear()

    def end(self) -> None:
        for one in fields(self.options):
            setattr(self.options, one.name, getattr(options(), one.name))
        super().end()

    @property
    def person(self) -> AcumaticaBench:
        """Somebody else who is logged in at the site: takes a seat of its own."""
        if self.site.call("GET", "Vendor/$adHocSchema").status_code == 401:
            self.site.authorize()
        return self.site

    def rows(self, entity: str, **values: Any) -> list[Record]:
        """What stands in the tenant's books."""
        return [
            row
            for row in self.state.main.table(entity)
            if all(str(row.get(name)) == str(value) for name, value in values.items())
        ]

    def living(self) -> int:
        """Sessions that hold a seat."""
        return len(self.state.sessions.living())
