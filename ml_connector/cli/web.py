"""`ml-connector web`: the pages, and passwords of those who log in there."""

import logging
import sys

import click

from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.cli.shared.output import print_json, say, tell
from ml_connector.cli.shared.session import Session, actor, common
from ml_connector.errors import ConfigError


@click.group(invoke_without_command=True)
@click.option("--host", help="Address to listen on (default web.host).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port (default web.port; 0 takes a free one).")
@click.option("--certificate", metavar="FILE", help="PEM file, when no proxy in front ends TLS.")
@click.option("--key", metavar="FILE", help="PEM file of the certificate's key.")
@common
def web(session: Session, host: str | None, port: int | None, certificate: str | None, key: str | None) -> int | None:
    """Pages for people: what waits and why, every document, replay and discard; until Ctrl-C.

    Without people (web.users) or a proxy that knows them (web.proxy) nobody has to log in, and the pages are for this
    machine alone: everybody who can use it may see and do everything. See docs/web.md.

    \b
    Examples:
      ml-connector web
      ml-connector web --port 8790
      ml-connector web password anna
    """
    if click.get_current_context().invoked_subcommand is not None:
        return None
    return _serve(session, host, port, certificate, key)


def _serve(session: Session, host: str | None, port: int | None, certificate: str | None, key: str | None) -> int:
    from ml_connector import logs
    from ml_connector.web.pages.opening import bounds_of, opened
    from ml_connector.web.serve import serve

    logs.configure("web", level=logging.INFO)
    with session.open() as deployment, opened(deployment, local=actor().removeprefix("person:")) as app:
        settings = deployment.loaded.settings.web
        at = settings.host if host is None else host
        doors = app.state.pages.doors
        doors.must_stay_here(at)

        def ready(address: str) -> None:
            if session.json:
                print_json({"address": address, "log_in": not doors.is_open})
                return
            say(f"Pages: {address}")
            if doors.is_open:
                tell("Nobody has to log in: for this machine alone. Others: web.users or web.proxy (docs/web.md).")

        serve(
            app,
            at,
            settings.port if port is None else port,
            ready=ready,
            bounds=bounds_of(deployment),
            certificate=certificate,
            key=key,
        )
    return Exit.OK


@web.command("password")
@click.argument("name")
@common
def password(session: Session, name: str) -> int:
    """Keep the password of NAME, who stands under web.users: its hash, in the credential store.

    The password is asked for without echo, or read from standard input when that is no terminal.

    \b
    Example:
      ml-connector web password anna
    """
    from ml_connector.credentials.secrets import Secret
    from ml_connector.web.access.passwords import hashed

    with session.open() as deployment:
        user = deployment.loaded.settings.web.users.get(name)
        if user is None:
            raise ConfigError(
                f"{deployment.loaded.path}: web.users has no {name!r}.",
                remedy=f"Write `{name}: {{role: clerk, password: {{store: web_{name}}}}}` there first.",
            )
        stored = user.password.store
        if stored is None:
            raise ConfigError(
                f"{deployment.loaded.path}: the password of {name} does not stand in the credential store.",
                remedy=f"Refer to it as {{store: web_{name}}}, or keep the hash there yourself.",
            )
        if sys.stdin.isatty():
            given = str(click.prompt(f"Password of {name}", hide_input=True, confirmation_prompt=True, err=True))
        else:
            given = sys.stdin.read(2_000).rstrip("\r\n")
        deployment.vault.put(stored, Secret(hashed(given)))
    session.emit({"stored": stored}, lambda: say(f"{name} can log in now."))
    return Exit.OK
