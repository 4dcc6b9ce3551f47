"""`ml-connector credentials`: secrets by name, the keys that encrypt them, authorizations of connections."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ml_connector.cli.credentials.host_keys import accept_host_key
from ml_connector.cli.credentials.waiting import LINK_SECONDS, is_authorized, pasted
from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.cli.shared.output import say, tell
from ml_connector.cli.shared.session import Session, common
from ml_connector.cli.shared.tables import print_table, wide
from ml_connector.errors import ConfigError

if TYPE_CHECKING:
    from ml_connector.composition import Deployment
    from ml_connector.systems.system import Login


@click.group()
def credentials() -> None:
    """Secrets, keys and authorizations.

    Secrets stand encrypted in the ledger's database; the key stands in ML_CONNECTOR_KEY or in a file of mode 600.

    \b
    Examples:
      ml-connector credentials generate-key
      ml-connector credentials set network_password
      ml-connector credentials authorize books
    """


@credentials.command("generate-key")
@common
def generate_key(session: Session) -> int:
    """Write a new key file; an existing one is never overwritten.

    \b
    Example:
      ml-connector credentials generate-key
    """
    from ml_connector.credentials.keys import generate_key_file, key_file

    with session.open() as deployment:
        path = key_file(deployment.loaded.home)
    generate_key_file(path)
    session.emit({"key_file": str(path)}, lambda: say(f"Wrote {path} (mode 600). Back it up apart from the database."))
    return Exit.OK


@credentials.command("set")
@click.argument("name")
@click.option("--from-file", type=click.Path(path_type=Path, dir_okay=False), help="Read the value from a file.")
@common
def set_(session: Session, name: str, from_file: Path | None) -> int:
    """Store a secret under NAME, in place of an older one.

    The value is asked for without echo, read from a file, or read from standard input when that is no terminal.
    It never stands on the command line, where other users of the machine could see it.

    \b
    Examples:
      ml-connector credentials set books_client_secret
      pass show network | ml-connector credentials set network_password
    """
    from ml_connector.credentials.secrets import Secret

    with session.open() as deployment:
        value = _value(name, from_file)
        deployment.vault.put(name, Secret(value))
        known = name in dict(_references(deployment))
    session.emit({"stored": name, "referred_to": known}, lambda: _say_stored(name, known))
    return Exit.OK


def _value(name: str, from_file: Path | None) -> str:
    from ml_connector.credentials.secrets import MAX_SECRET_BYTES

    if from_file is not None:
        with from_file.open("rb") as file:
            raw = file.read(MAX_SECRET_BYTES + 1)
    elif sys.stdin.isatty():
        return str(click.prompt(f"Value of {name}", hide_input=True, err=True))
    else:
        raw = sys.stdin.buffer.read(MAX_SECRET_BYTES + 1)
    if len(raw) > MAX_SECRET_BYTES:
        raise ConfigError(
            f"The value of {name} is larger than {MAX_SECRET_BYTES} bytes.", remedy="That is not a secret."
        )
    try:
        value = raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ConfigError(f"The value of {name} is not UTF-8 text.", remedy="Store it as text.") from None
    if not value:
        raise ConfigError(f"The value of {name} is empty.", remedy="Give the secret.")
    return value


def _say_stored(name: str, known: bool) -> None:
    say(f"Stored {name}.")
    if not known:
        tell(f"Nothing in the configuration refers to it yet; write {{store: {name}}} where it is needed.")


@credentials.command("list")
@wide
@common
def list_(session: Session) -> int:
    """Names of the stored secrets, and which of them the configuration needs. Values are never shown.

    \b
    Example:
      ml-connector credentials list
    """
    with session.open() as deployment:
        stored = set(deployment.vault.names())
        needed = dict(_references(deployment))
    rows = [
        {"name": name, "stored": name in stored, "needed_for": needed.get(name, "")}
        for name in sorted(stored | set(needed))
    ]
    session.emit(
        rows,
        lambda: print_table(
            ("name", "stored", "needed for"), [(r["name"], r["stored"], r["needed_for"]) for r in rows]
        ),
    )
    return Exit.OK if all(row["stored"] for row in rows) else Exit.WRONG


def _references(deployment: "Deployment") -> list[tuple[str, str]]:
    """Names that `{store: ...}` references of the configuration use, with what they are for."""
    from ml_connector.operating.authorizations import secret_references

    found: list[tuple[str, str]] = []
    for name, connection in deployment.loaded.settings.connections.items():
        for key, value in secret_references(connection):
            if value.store is not None:
                found.append((value.store, f"{name}.{key}"))
    for position, url in enumerate(deployment.loaded.settings.alerts.urls):
        if url.store is not None:
            found.append((url.store, f"alerts.urls[{position}]"))
    for name, user in deployment.loaded.settings.web.users.items():
        if user.password.store is not None:
            found.append((user.password.store, f"web.users.{name}.password"))
    return found


@credentials.command("delete")
@click.argument("name")
@common
def delete(session: Session, name: str) -> int:
    """Forget the secret NAME.

    \b
    Example:
      ml-connector credentials delete old_password
    """
    with session.open() as deployment:
        gone = deployment.vault.delete(name)
    session.emit({"deleted": gone}, lambda: say(f"Deleted {name}." if gone else f"There is no {name}."))
    return Exit.OK if gone else Exit.WRONG


@credentials.command("rotate")
@common
def rotate(session: Session) -> int:
    """Put a new key before the old ones, encrypt everything under it, and drop the old keys.

    With the key in ML_CONNECTOR_KEY: put the new key first there (comma separated), run this, then take the old away.

    \b
    Example:
      ml-connector credentials rotate
    """
    import os

    from ml_connector.credentials.keys import KEY_VARIABLE, add_key, drop_old_keys, key_file

    with session.open() as deployment:
        in_file = not os.environ.get(KEY_VARIABLE, "").strip()
        path = key_file(deployment.loaded.home)
        if in_file:
            add_key(path)
        turned = deployment.vault.rotate()
        left = deployment.vault.under_old_keys()
        if in_file and left == 0:
            drop_old_keys(path)
    result = {"credentials": turned.credentials, "tokens": turned.tokens, "under_old_keys": left}

    def human() -> None:
        say(f"Encrypted {turned.credentials} credentials and {turned.tokens} tokens under the new key.")
        if left:
            say(f"{left} values were written under an old key meanwhile: run the command again.")
        elif not in_file:
            say(f"Take the old keys out of {KEY_VARIABLE} now.")

    session.emit(result, human)
    return Exit.OK if left == 0 else Exit.TRY_AGAIN


@credentials.command("authorize")
@click.argument("connection")
@click.option(
    "--code",
    metavar="TEXT",
    help="The code, or the whole address the browser was sent to; or the one-time code that the system asks for.",
)
@click.option("--link-only", is_flag=True, help="Only print the link; the webhook receiver takes the answer.")
@click.option(
    "--wait",
    type=click.FloatRange(0),
    default=LINK_SECONDS,
    show_default=True,
    help="Seconds; without a terminal, until the webhook receiver has taken the answer.",
)
@common
def authorize(session: Session, connection: str, code: str | None, link_only: bool, wait: float) -> int:
    """Authorize CONNECTION: prints the link to the consent page and takes what comes back.

    Open the link, log in, and allow. When the webhook receiver runs under the registered redirect address, it
    finishes by itself; without a terminal this waits for it, and ends with 3 when nobody came. Else paste the code,
    or the whole address the browser was sent to. The code is good for three minutes, once. For a connection with user
    name and password this logs in; with a one-time code that helps until the token ends, so better use a service
    account that is not asked for one.

    \b
    Examples:
      ml-connector credentials authorize books
      ml-connector credentials authorize books --code 'https://example.com/oauth/callback?code=...&state=...'
    """
    with session.open() as deployment:
        login = _login(deployment, connection)
        tokens = login.consent
        if tokens is None:
            return _log_in(session, connection, login, code)
        if code is None:
            link = tokens.authorize_url()
            if link_only or (session.json and sys.stdin.isatty()):
                session.emit({"connection": connection, "link": link}, lambda: say(link))
                return Exit.OK
            tell("Open this link, log in, and allow:")
            tell(f"  {link}")
            code = pasted(deployment, connection, wait)
            if not code:
                return _finished_elsewhere(session, deployment, connection)
        tokens.exchange_pasted(code)
    session.emit({"connection": connection, "authorized": True}, lambda: say(f"{connection} is authorized."))
    return Exit.OK


def _finished_elsewhere(session: Session, deployment: "Deployment", connection: str) -> int:
    """Whether the receiver's callback page finished it meanwhile."""
    done = is_authorized(deployment, connection)
    session.emit(
        {"connection": connection, "authorized": done},
        lambda: say(f"{connection} is authorized." if done else f"{connection} is not authorized yet."),
    )
    if not done:
        tell(f"Nobody allowed it in time: run `ml-connector credentials authorize {connection}` for a new link.")
    return Exit.OK if done else Exit.AUTHORIZE


def _login(deployment: "Deployment", connection: str) -> "Login":
    deployment.loaded.connection(connection)
    login = deployment.login(connection)
    if login is None:
        raise ConfigError(f"{connection} needs no authorization.", remedy="Name another connection.")
    return login


def _log_in(session: Session, connection: str, login: "Login", code: str | None) -> int:
    """A connection with user name and password: log in now, so that a wrong password shows at once."""
    if login.log_in is None:
        raise ConfigError(f"{connection} needs no authorization.", remedy="Name another connection.")
    login.log_in(code)
    session.emit({"connection": connection, "authorized": True}, lambda: say(f"{connection}: logged in."))
    return Exit.OK


@credentials.command("status")
@wide
@common
def status(session: Session) -> int:
    """Which authorizations are good, end soon, or need a person. Makes no call.

    \b
    Example:
      ml-connector credentials status
    """
    from ml_connector.operating.authorizations import authorizations

    with session.open() as deployment:
        found = authorizations(deployment)
    columns = ("connection", "health", "message", "access_expires_at", "refresh_expires_at", "mend")
    rows = [
        (one.connection, one.health, one.message, one.access_expires_at, one.refresh_expires_at, one.remedy)
        for one in found
    ]
    session.emit(
        [dict(zip(columns, row, strict=True)) for row in rows],
        lambda: print_table(("connection", "health", "state", "token until", "authorization until", "to fix"), rows),
    )
    return Exit.AUTHORIZE if any(one.needs_a_person for one in found) else Exit.OK


credentials.add_command(accept_host_key)
