"""TrueCommerce as a system."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from ml_connector.systems.system import Login, Parts, Role, System, Usage
from ml_connector.systems.truecommerce.settings import TrueCommerceConnection

if TYPE_CHECKING:
    from ml_connector.systems.results import CheckResult
    from ml_connector.systems.truecommerce.mailbox import TrueCommerceMailbox


class TrueCommerce(System[TrueCommerceConnection, "TrueCommerceMailbox"]):
    """A network of folders over SFTP, whose host key a person accepts."""

    name = "truecommerce"
    roles = frozenset({Role.NETWORK})
    kind = "sftp"
    settings = TrueCommerceConnection

    def connect(self, name: str, settings: TrueCommerceConnection, parts: Parts, use: Usage) -> "TrueCommerceMailbox":
        from ml_connector.systems.truecommerce.factory import build_truecommerce

        return build_truecommerce(name, settings, parts)

    def check(
        self,
        name: str,
        settings: TrueCommerceConnection,
        connected: "Callable[[], TrueCommerceMailbox]",
        parts: Parts,
        use: Usage,
    ) -> "Iterator[CheckResult]":
        from ml_connector.systems.truecommerce.check import check_truecommerce

        return check_truecommerce(name, settings, connected, parts, use)

    def login(
        self,
        name: str,
        settings: TrueCommerceConnection,
        connected: "Callable[[], TrueCommerceMailbox]",
        parts: Parts,
    ) -> Login:
        from ml_connector.systems.sftp.factory import host_keys_of

        def log_in(_code: str | None) -> None:
            pool = connected().pool
            pool.try_at_once()
            with pool.session():
                pass

        return Login(log_in=log_in, host_keys=lambda: host_keys_of(name, settings, parts), keeps_token=False)

    def stored_names(self, connection: str) -> Sequence[str]:
        from ml_connector.systems.sftp.hostkeys import stored_name

        return (stored_name(connection),)


SYSTEM = TrueCommerce()
