"""AvidXchange as a system."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ml_connector.systems.avidxchange.settings import AvidXchangeConnection
from ml_connector.systems.system import Login, Parts, Role, System, Usage

if TYPE_CHECKING:
    from ml_connector.config.integrations import IntegrationSettings
    from ml_connector.flows.core.ports import OwnFormat
    from ml_connector.systems.avidxchange.files.network import AvidFileNetwork
    from ml_connector.systems.avidxchange.network import AvidNetwork
    from ml_connector.systems.results import CheckResult

    #: Over the API, or by files: `mode` alone decides which stands behind a connection.
    Network = AvidNetwork | AvidFileNetwork


class AvidXchange(System[AvidXchangeConnection, "Network"]):
    """A network where invoices are approved, coded and paid; records by calls and closed batches as files, or all by
    files.
    """

    name = "avidxchange"
    roles = frozenset({Role.NETWORK})
    kind = "avidxchange"
    sources = frozenset({"network_vendors", "network_codes", "network_invoices", "network_payments"})
    targets = frozenset({"network_vendors", "network_codes", "network_invoices", "network_orders", "network_receipts"})
    settings = AvidXchangeConnection

    def connect(self, name: str, settings: AvidXchangeConnection, parts: Parts, use: Usage) -> "Network":
        if settings.mode == "files":
            from ml_connector.systems.avidxchange.files.factory import build_over_files

            return build_over_files(name, settings, parts)
        from ml_connector.systems.avidxchange.factory import build_avidxchange

        return build_avidxchange(name, settings, parts)

    def check(
        self, name: str, settings: AvidXchangeConnection, connected: "Callable[[], Network]", parts: Parts, use: Usage
    ) -> "Iterator[CheckResult]":
        if settings.mode == "files":
            from ml_connector.systems.avidxchange.files.check import check_files

            return check_files(name, settings, connected, parts, use)
        from ml_connector.systems.avidxchange.check import check_avidxchange

        return check_avidxchange(name, settings, connected, parts, use)

    def login(
        self, name: str, settings: AvidXchangeConnection, connected: "Callable[[], Network]", parts: Parts
    ) -> Login | None:
        if settings.mode == "files":
            from ml_connector.systems.avidxchange.files.check import login_over_files

            return login_over_files(name, settings, connected, parts)
        if settings.login == "static_tokens":
            return None
        from ml_connector.systems.avidxchange.authorization import tokens_of

        return Login(log_in=lambda _code: tokens_of(name, settings, parts).try_log_in())

    def conflicts(
        self, settings: AvidXchangeConnection, integrations: "Mapping[str, IntegrationSettings]"
    ) -> Iterator[tuple[str, str]]:
        """A file that one has taken is marked, and another one would not see it."""
        if settings.mode == "files" and len(integrations) > 1:
            yield (
                f"{' and '.join(sorted(integrations))} would take the same files",
                "Give each a connection of its own, with a root of its own at the server.",
            )

    def stored_names(self, connection: str) -> Sequence[str]:
        from ml_connector.systems.sftp.hostkeys import stored_name

        return (stored_name(connection),)

    def file_formats(self, settings: AvidXchangeConnection) -> "Sequence[OwnFormat]":
        if settings.mode == "files":
            from ml_connector.systems.avidxchange.files.invoice_files import ApprovedInvoices

            return (ApprovedInvoices(settings),)
        from ml_connector.systems.avidxchange.reading.batch_files import BatchFiles

        return (BatchFiles(settings),)


SYSTEM = AvidXchange()
