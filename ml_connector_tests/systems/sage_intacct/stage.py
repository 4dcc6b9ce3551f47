"""The deployment that docs/integrations/intacct-cleo.md configures, over a sandbox with partners behind Cleo."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ml_connector.composition import Deployment
from ml_connector.sandbox import registry
from ml_connector.sandbox.partner.world import WorldOptions
from ml_connector.sandbox.sage_intacct.books.record import Record
from ml_connector.sandbox.sage_intacct.options import SageIntacctOptions
from ml_connector.sandbox.sage_intacct.partners import PROFILES
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector_tests.support import clocks
from ml_connector_tests.support.deployment import ROOT
from ml_connector_tests.systems import page_stage
from ml_connector_tests.systems.erp_bench import HastyClock
from ml_connector_tests.systems.page_stage import Change, PageStage

PAGE = ROOT / "docs" / "integrations" / "intacct-cleo.md"
INTEGRATION, ERP, NETWORK = "intacct_cleo", "intacct", "cleo_prod"


def page_files() -> dict[str, str]:
    """What the page tells to write, by file."""
    partners = (f"partners/{INTEGRATION}/{name}.yaml" for name in ("ironworks", "hillcrest", "acmebuy"))
    return page_stage.page_files(PAGE, "connections.yaml", *partners)


@dataclass
class Stage(PageStage):
    """The deployment, both stand-ins, and a worker that is alive."""

    def rows(self, name: str, **values: str) -> list[Record]:
        """What stands in the company's books."""
        return self.sandbox.call(
            lambda: [
                row
                for row in self.sandbox.sage_intacct.main.tables[name]
                if all(row.text(field) == value for field, value in values.items())
            ]
        )


@contextmanager
def deployment_files(
    home: Path, sandbox: Sandbox, *, ledger_url: str = "", change: Change | None = None
) -> Iterator[tuple[Path, dict[str, str]]]:
    """The page's files over this sandbox, and the environment that leads to them, set here too."""
    addresses = sandbox.addresses()
    ours = {"base_url": addresses["sage_intacct"], "gmt_offset": SageIntacctOptions().gmt_offset}
    config = page_stage.write_files(home, page_files(), {ERP: ours, NETWORK: page_stage.cleo_at(addresses)})
    with page_stage.in_its_environment(config, sandbox, ledger_url=ledger_url, change=change) as made:
        yield made


def store_logins(deployment: Deployment, sandbox: Sandbox) -> None:
    """What the page has typed in."""
    login = sandbox.logins()["sage_intacct"]
    secrets = {"intacct_sender_password": login["sender_password"], "intacct_password": login["user_password"]}
    page_stage.store_secrets(deployment, secrets)


@contextmanager
def open_stage(home: Path, *, change: Change | None = None) -> Iterator[Stage]:
    """Sandbox, deployment and worker; whoever waits puts the clock of both sides forward. change: what differs."""
    options = SandboxOptions(
        sage_intacct=SageIntacctOptions(),
        clock_file=clocks.begin(home / "clock"),
        partner_options=WorldOptions(profiles=PROFILES),
    )
    with (
        Sandbox(options, stand_ins=registry.of("cleo", "sage_intacct")) as sandbox,
        deployment_files(home, sandbox, change=change) as (config, _),
        page_stage.at_work(sandbox, config, INTEGRATION, store_logins, HastyClock(sandbox.clock)) as parts,
    ):
        yield Stage(*parts)
