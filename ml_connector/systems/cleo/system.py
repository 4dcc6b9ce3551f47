"""Cleo as a system."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ml_connector.systems.cleo.settings import CleoConnection
from ml_connector.systems.system import Login, Parts, Role, System, Usage

if TYPE_CHECKING:
    from ml_connector.systems.cleo.mailbox import CleoMailbox
    from ml_connector.systems.results import CheckResult


class Cleo(System[CleoConnection, "CleoMailbox"]):
    """A network of folders over HTTP, with user name and password."""

    name = "cleo"
    roles = frozenset({Role.NETWORK})
    kind = "cleo"
    settings = CleoConnection

    def connect(self, name: str, settings: CleoConnection, parts: Parts, use: Usage) -> "CleoMailbox":
        from ml_connector.systems.cleo.factory import build_cleo

        return build_cleo(name, settings, parts)

    def check(
        self, name: str, settings: CleoConnection, connected: "Callable[[], CleoMailbox]", parts: Parts, use: Usage
    ) -> "Iterator[CheckResult]":
        from ml_connector.systems.cleo.check import check_cleo

        return check_cleo(name, settings, connected, parts, use)

    def login(self, name: str, settings: CleoConnection, connected: "Callable[[], CleoMailbox]", parts: Parts) -> Login:
        from ml_connector.systems.cleo.factory import cleo_tokens

        tokens = cleo_tokens(name, settings, parts)

        def log_in(code: str | None) -> None:
            if code is not None:
                tokens.log_in_with_code(code)
            else:
                tokens.try_log_in()

        return Login(log_in=log_in)


SYSTEM = Cleo()
