"""What an outside system is to everything else: one object, found by its name in `systems.registry`.

Nothing outside a system's package names it, tests for its classes or lists its settings.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Generic, Protocol, TypeVar

# Loaded with the code location: what is heavy is imported for its types alone.
if TYPE_CHECKING:
    from ml_connector.clock import Clock
    from ml_connector.config.connections import ConnectionSettings
    from ml_connector.config.integrations import IntegrationSettings
    from ml_connector.credentials.resolver import SecretResolver
    from ml_connector.credentials.vault import Vault
    from ml_connector.flows.core.ports import Erp, Mailbox, OwnFormat
    from ml_connector.ledger.database.store import Ledger
    from ml_connector.ledger.exchange.inbox import NewNotice
    from ml_connector.systems.results import CheckResult
    from ml_connector.transport.shared_limits import LedgerLimits
    from ml_connector.transport.tokens.authorization_code import AuthorizationCodeTokens

S = TypeVar("S", bound="ConnectionSettings")
C = TypeVar("C", bound="Erp | Mailbox")


def callback_url(public_url: str, webhook_word: str, connection: str) -> str:
    """Where a system reaches the receiver for a connection."""
    return f"{public_url}/webhooks/{webhook_word}/{connection}"


class Role(StrEnum):
    """What an integration can use a system as."""

    ERP = "erp"
    NETWORK = "network"

    @property
    def said(self) -> str:
        """In a sentence."""
        return {Role.ERP: "an ERP", Role.NETWORK: "a network"}[self]


class Parts(Protocol):
    """What a deployment has for every system."""

    @property
    def ledger(self) -> "Ledger": ...

    @property
    def vault(self) -> "Vault": ...

    @property
    def secrets(self) -> "SecretResolver": ...

    @property
    def clock(self) -> "Clock": ...

    @property
    def limits(self) -> "LedgerLimits": ...


@dataclass(frozen=True)
class Usage:
    """What the configuration uses a connection for.

    integrations: those that name it. receive, send: folders that their partners are read from and written to.
    public_url: where the outside reaches the webhook receiver, without a slash at its end; empty where it does not.
    """

    integrations: "Mapping[str, IntegrationSettings]"
    receive: Sequence[str] = ()
    send: Sequence[str] = ()
    public_url: str = ""


@dataclass(frozen=True)
class HostKeys:
    """The key a connection's server shows. accepted: empty for none. configured: it stands in connections.yaml.

    shown: asks the server, and sends nothing else. same: whether two texts name one key.
    """

    address: str
    accepted: str
    configured: bool
    shown: Callable[[], str]
    same: Callable[[str, str], bool]
    accept: Callable[[str], None]


@dataclass(frozen=True)
class Login:
    """How a connection is authorized.

    log_in: with what is stored, so that a wrong password shows at once; takes a one-time code where there is one.
    consent: its tokens, where a person must allow it in a browser. keeps_token: False where every session logs in
    anew, so that only `check` can tell whether it works. host_keys: where a person accepts the key of its server.
    """

    log_in: Callable[[str | None], None] | None = None
    consent: "AuthorizationCodeTokens | None" = None
    host_keys: Callable[[], HostKeys] | None = None
    keeps_token: bool = True
    warning_days: int = 7


@dataclass(frozen=True)
class Subscription:
    """A topic of which notices are sent to an address."""

    topic: str
    callback_url: str
    id: str


class NoticeRefusedError(Exception):
    """A notice that is not taken: the status and the few words that its sender is told."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


class WebhookSource(ABC):
    """The notices that a connection sends. takes: whether the receiver can tell that they are genuine."""

    takes: bool
    #: What flows make use of.
    topics: Sequence[str]
    #: Bytes of a notice at most.
    largest: int
    #: A POST without a body asks whether the receiver is there.
    asks_with_nothing: bool = False

    @abstractmethod
    def read(self, body: bytes) -> "NewNotice":
        """The notice in a body that is not empty.

        Raises:
            NoticeRefusedError: it is not genuine, not readable, or somebody else's.
        """

    @abstractmethod
    def subscriptions(self) -> Sequence[Subscription]: ...

    @abstractmethod
    def subscribe(self, topic: str, callback_url: str) -> Subscription:
        """Replaces one that calls elsewhere; one that is there already is left."""

    @abstractmethod
    def unsubscribe(self, subscription: Subscription) -> None: ...

    def doubt(self, callback_url: str) -> str:
        """Why the system may refuse to call this address; empty: nothing is known against it."""
        return ""


class System(ABC, Generic[S, C]):
    """One kind of outside system.

    kind: what Dagster draws for it. webhook_word: stands in the path of its notices, `/webhooks/WORD/CONNECTION`; empty
    where it sends none. sources, targets, tables: what it has, by the names that flows ask for (`Needs` of a flow,
    `flows.core.ports`): documents that can be read from it, that can be written to it, reference tables.
    """

    name: ClassVar[str]
    roles: ClassVar[frozenset[Role]]
    kind: ClassVar[str]
    webhook_word: ClassVar[str] = ""
    sources: ClassVar[frozenset[str]] = frozenset()
    targets: ClassVar[frozenset[str]] = frozenset()
    tables: ClassVar[frozenset[str]] = frozenset()

    @property
    def listed_tables(self) -> list[str]:
        """Its reference tables: those that flows know in their order, then its own."""
        from ml_connector.documents.reference import ReferenceTable

        known = [table.value for table in ReferenceTable]
        return [*(name for name in known if name in self.tables), *sorted(self.tables - set(known))]

    @property
    @abstractmethod
    def settings(self) -> type[S]:
        """The model of a connection's settings."""

    @abstractmethod
    def connect(self, name: str, settings: S, parts: Parts, use: Usage) -> C:
        """The client of a connection. Nothing is called yet."""

    @abstractmethod
    def check(
        self, name: str, settings: S, connected: Callable[[], C], parts: Parts, use: Usage
    ) -> "Iterator[CheckResult]":
        """Is it authorized, can it be used? Its secrets are there, and its address answers."""

    def login(self, name: str, settings: S, connected: Callable[[], C], parts: Parts) -> Login | None:
        """How the connection is authorized; None where nothing needs to be."""
        return None

    def webhooks(self, name: str, settings: S, connected: Callable[[], C], parts: Parts) -> WebhookSource | None:
        """The notices that the connection sends; None where it sends none."""
        return None

    def known_company(self, name: str, settings: S, parts: Parts) -> str:
        """The company that an ERP connection works in, as far as that is known without a call; else empty."""
        return ""

    def stored_names(self, connection: str) -> Sequence[str]:
        """Names under which the credential store keeps what a command gave a connection: they go with its name."""
        return ()

    def file_formats(self, settings: S) -> "Sequence[OwnFormat]":
        """Formats of incoming files that are its own, beside X12 and layouts. Nothing is called."""
        return ()

    def conflicts(self, settings: S, integrations: "Mapping[str, IntegrationSettings]") -> Iterator[tuple[str, str]]:
        """What two integrations over one connection cannot both want: a message and a remedy."""
        yield from ()
