"""TrueCommerce as a system."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from ml_connector.systems.system import HostKeys, Login, Parts, Role, System, Usage
from ml_connector.systems.truecommerce.settings import TrueCommerceConnection

if TYPE_CHECKING:
    from ml_connector.systems.results import Finding
    from ml_connector.systems.truecommerce.network import TrueCommerceNetwork


class TrueCommerce(System[TrueCommerceConnection, "TrueCommerceNetwork"]):
    """A network of folders over SFTP, whose host key a person accepts."""

    name = "truecommerce"
    roles = frozenset({Role.NETWORK})
    kind = "sftp"
    settings = TrueCommerceConnection

    def connect(self, name: str, settings: TrueCommerceConnection, parts: Parts, use: Usage) -> "TrueCommerceNetwork":
        from ml_connector.systems.truecommerce.factory import build_truecommerce

        return build_truecommerce(name, settings, parts)

    def check(
        self,
        name: str,
        settings: TrueCommerceConnection,
        connected: "Callable[[], TrueCommerceNetwork]",
        parts: Parts,
        use: Usage,
    ) -> "Iterator[Finding]":
        from ml_connector.systems.truecommerce.check import check_truecommerce

        return check_truecommerce(name, settings, connected, parts, use)

    def login(
        self,
        name: str,
        settings: TrueCommerceConnection,
        connected: "Callable[[], TrueCommerceNetwork]",
        parts: Parts,
    ) -> Login:
        def log_in(_code: str | None) -> None:
            pool = connected().pool
            pool.try_at_once()
            with pool.session():
                pass

        return Login(log_in=log_in, host_keys=lambda: _host_keys(name, settings, parts), keeps_token=False)

    def stored_names(self, connection: str) -> Sequence[str]:
        from ml_connector.systems.truecommerce.hostkeys import stored_name

        return (stored_name(connection),)


def _host_keys(name: str, settings: TrueCommerceConnection, parts: Parts) -> HostKeys:
    from ml_connector.systems.truecommerce.factory import accept_host_key, accepted_host_key
    from ml_connector.systems.truecommerce.hostkeys import HostKey
    from ml_connector.systems.truecommerce.login import host_key_of

    pin = accepted_host_key(name, settings, parts.vault)
    return HostKeys(
        address=settings.address,
        accepted=str(pin.key or ""),
        configured=pin.configured,
        shown=lambda: str(host_key_of(name, settings, pin)),
        same=lambda one, other: HostKey.of_text(one).same_as(HostKey.of_text(other)),
        accept=lambda key: accept_host_key(name, key, parts.vault),
    )


SYSTEM = TrueCommerce()
