"""The deployment that docs/integrations/acumatica-cleo.md configures, over a sandbox with partners behind Cleo."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ml_connector.composition import Deployment
from ml_connector.flows.core.integration import RunScope
from ml_connector.ledger.coordination.leases import worker
from ml_connector.sandbox import registry
from ml_connector.sandbox.acumatica.options import AcumaticaOptions
from ml_connector.sandbox.acumatica.partners import PROFILES
from ml_connector.sandbox.acumatica.wire.record import Record
from ml_connector.sandbox.partner.profiles import Profile
from ml_connector.sandbox.partner.world import WorldOptions
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector_tests.support import clocks
from ml_connector_tests.support.deployment import ROOT
from ml_connector_tests.systems import page_stage
from ml_connector_tests.systems.page_stage import Change, PageStage

PAGE = ROOT / "docs" / "integrations" / "acumatica-cleo.md"
INTEGRATION, ERP, NETWORK = "acumatica_cleo", "acumatica", "cleo_prod"


def page_files() -> dict[str, str]:
    """What the page tells to write, by file."""
    partners = (f"partners/{INTEGRATION}/{name}.yaml" for name in ("lonestar", "hillmart"))
    return page_stage.page_files(PAGE, "connections.yaml", *partners)


@dataclass
class Stage(PageStage):
    """The deployment, both stand-ins, and a worker that is alive."""

    @contextmanager
    def reopened(self) -> Iterator["Stage"]:
        """The deployment as another process opens it."""
        with Deployment.open(clock=self.sandbox.clock) as deployment, worker(deployment.ledger) as lease:
            work = RunScope(holder=lease.name, actor="test")
            yield Stage(self.sandbox, deployment, deployment.integration(INTEGRATION), work)

    def rows(self, entity: str, **values: str) -> list[Record]:
        """What stands in the tenant's books."""
        return self.sandbox.call(lambda: list(self.sandbox.acumatica.main.table(entity).where(**values)))


@contextmanager
def deployment_files(
    home: Path, sandbox: Sandbox, *, ledger_url: str = "", change: Change | None = None
) -> Iterator[tuple[Path, dict[str, str]]]:
    """The page's files over this sandbox, and the environment that leads to them, set here too."""
    addresses = sandbox.addresses()
    at = {ERP: {"base_url": addresses["acumatica"]}, NETWORK: page_stage.cleo_at(addresses)}
    config = page_stage.write_files(home, page_files(), at)
    with page_stage.in_its_environment(config, sandbox, ledger_url=ledger_url, change=change) as made:
        yield made


def store_logins(deployment: Deployment, sandbox: Sandbox) -> None:
    """What the page has typed in."""
    login = sandbox.logins()["acumatica"]
    secrets = {"acumatica_client_secret": login["client_secret"], "acumatica_password": login["password"]}
    page_stage.store_secrets(deployment, secrets)


@contextmanager
def open_stage(home: Path, profiles: Sequence[Profile] = PROFILES, change: Change | None = None) -> Iterator[Stage]:
    """Sandbox, deployment and worker."""
    options = SandboxOptions(
        acumatica=AcumaticaOptions(action_seconds=0),
        clock_file=clocks.begin(home / "clock"),
        partner_options=WorldOptions(profiles=tuple(profiles)),
    )
    with (
        Sandbox(options, stand_ins=registry.of("acumatica", "cleo")) as sandbox,
        deployment_files(home, sandbox, change=change) as (config, _),
        page_stage.at_work(sandbox, config, INTEGRATION, store_logins, sandbox.clock) as parts,
    ):
        yield Stage(*parts)
