"""How people come in: through a proxy that knows them, by a log-in here, or from this machine alone."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.requests import Request

from ml_connector.config.web import WebSettings
from ml_connector.errors import ConfigError
from ml_connector.web.access.people import Granted, Person, Role, of_groups, of_user
from ml_connector.web.access.sessions import Session, Sessions
from ml_connector.web.connections import Bounds, client_of, networks

COOKIE = "ml_connector_session"
#: What a browser calls this machine.
_HERE = frozenset({"localhost", "127.0.0.1", "[::1]"})
_LOCAL_PERSON = "local"


@dataclass(frozen=True)
class Entered:
    """Somebody who is in. new: the cookie to be set."""

    person: Person
    session: Session
    new: str = ""


@dataclass(frozen=True)
class Refused:
    """Nobody may be in by this. status and why as told; login: a log-in here would help."""

    status: int
    why: str
    login: bool = False


@dataclass
class Doors:
    """The ways in that the configuration has. local: who is at this machine, where there is no other way."""

    settings: WebSettings
    sessions: Sessions
    local: str = _LOCAL_PERSON
    #: Host names under which pages may be asked for where nobody has to log in; else a foreign page could ask.
    hosts: frozenset[str] = _HERE
    _proxies: Bounds = field(init=False)

    def __post_init__(self) -> None:
        self.renew(self.settings)

    def renew(self, settings: WebSettings) -> None:
        """Who may do what from now on."""
        self.settings = settings
        proxy = self.settings.proxy
        self._proxies = Bounds(proxies=networks(proxy.addresses) if proxy else ())

    @property
    def is_open(self) -> bool:
        """Whether nobody has to say who they are: only for this machine."""
        return self.settings.proxy is None and not self.settings.users

    def is_proxy(self, address: str) -> bool:
        """Whether requests from there may be anybody's."""
        return self._proxies.is_proxy(address)

    def client(self, request: Request) -> str:
        """The address that somebody asks from: of whom a proxy of ours speaks, not its own."""
        return client_of(request.client.host if request.client else "", request.headers.raw, self._proxies)

    def must_stay_here(self, host: str) -> None:
        """Refuse to listen for others where nobody has to say who they are.

        Raises:
            ConfigError: the address is not one of this machine alone.
        """
        if self.is_open and not is_loopback(host):
            raise ConfigError(
                f"The pages would be open to everybody who reaches {host}.",
                remedy="Give people a log-in (web.users) or put a proxy in front (web.proxy), or keep to 127.0.0.1 "
                "(docs/web.md).",
            )

    def enter(self, request: Request) -> Entered | Refused:
        """Who asks."""
        peer = request.client.host if request.client else ""
        proxy = self.settings.proxy
        if proxy is not None and self._proxies.is_proxy(peer) and proxy.user_header in request.headers:
            return self._through_proxy(request, proxy.user_header, proxy.groups_header)
        if self.is_open:
            return self._from_here(request, peer)
        if self.settings.users:
            return self._logged_in(request)
        return Refused(403, "These pages are reached through the proxy in front of them.")

    def _through_proxy(self, request: Request, user_header: str, groups_header: str) -> Entered | Refused:
        names = request.headers.getlist(user_header)
        groups = [one.strip() for text in request.headers.getlist(groups_header) for one in text.split(",")]
        person = of_groups(self.settings, names[0], groups) if len(names) == 1 else None
        if person is None:
            return Refused(403, "You are in none of the groups that may see these pages.")
        return self._session(request, person)

    def _from_here(self, request: Request, peer: str) -> Entered | Refused:
        if not is_loopback(peer):
            return Refused(403, "These pages can be seen from their own machine alone.")
        if _host(request) not in self.hosts:
            return Refused(400, "These pages have another address.")
        return self._session(request, Person(self.local, (Granted(Role.ADMINISTRATOR),)))

    def _logged_in(self, request: Request) -> Entered | Refused:
        token = request.cookies.get(COOKIE, "")
        session = self.sessions.find(token)
        person = of_user(self.settings, session.person) if session is not None and session.logged_in else None
        if session is None or person is None:
            return Refused(401, "Log in to see this page.", login=True)
        return Entered(person, session)

    def _session(self, request: Request, person: Person) -> Entered:
        """The session of this person in this browser, or a new one: its forms carry its token."""
        session = self.sessions.find(request.cookies.get(COOKIE, ""))
        if session is not None and session.person == person.name and not session.logged_in:
            return Entered(person, session)
        token, session = self.sessions.begin(person.name)
        return Entered(person, session, token)


def is_loopback(host: str) -> bool:
    """Whether an address is of this machine alone."""
    if host == "localhost":
        return True
    try:
        known = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    mapped = known.ipv4_mapped if isinstance(known, ipaddress.IPv6Address) else None
    return (mapped or known).is_loopback


def _host(request: Request) -> str:
    """The name that was asked, without its port."""
    named: Sequence[str] = request.headers.getlist("host")
    if len(named) != 1:
        return ""
    host = named[0]
    return host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
