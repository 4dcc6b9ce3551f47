"""`ml-connector webhooks`: the receiver, and the subscriptions that bring notices to it."""

import logging
from typing import TYPE_CHECKING, Any

import click

from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.cli.shared.output import print_json, say, tell
from ml_connector.cli.shared.session import Session, common
from ml_connector.cli.shared.tables import print_table, wide
from ml_connector.errors import ConfigError

if TYPE_CHECKING:
    from ml_connector.composition import Deployment
    from ml_connector.systems.system import WebhookSource


@click.group()
def webhooks() -> None:
    """The receiver and its subscriptions.

    \b
    Examples:
      ml-connector webhooks serve
      ml-connector webhooks subscribe books
      ml-connector webhooks list books
    """


@webhooks.command("serve")
@click.option("--host", help="Address to listen on (default webhooks.host).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port (default webhooks.port; 0 takes a free one).")
@click.option("--certificate", metavar="FILE", help="PEM file, when no proxy in front ends TLS.")
@click.option("--key", metavar="FILE", help="PEM file of the certificate's key.")
@common
def serve_(session: Session, host: str | None, port: int | None, certificate: str | None, key: str | None) -> int:
    """Take notices and host the OAuth callback, until Ctrl-C.

    Prints its address when it listens. Senders need a public HTTPS address: put a proxy in front that passes
    /webhooks/ and /oauth/callback, and name its address in webhooks.public_url.

    \b
    Example:
      ml-connector webhooks serve --host 0.0.0.0 --port 8780
    """
    from ml_connector import logs
    from ml_connector.web.app import create_app
    from ml_connector.web.connections import Bounds, networks
    from ml_connector.web.serve import serve

    logs.configure("receiver", level=logging.INFO)
    with session.open() as deployment:
        settings = deployment.loaded.settings.webhooks
        bounds = Bounds(per_address=settings.connections_per_address, proxies=networks(settings.trusted_proxies))
        app = create_app(deployment, max_body=settings.max_body_bytes, bounds=bounds)

        def ready(address: str) -> None:
            if session.json:
                print_json({"address": address})
            else:
                say(f"Listening on {address}")

        serve(
            app,
            settings.host if host is None else host,
            settings.port if port is None else port,
            ready=ready,
            bounds=bounds,
            certificate=certificate,
            key=key,
        )
    return Exit.OK


@webhooks.command("subscribe")
@click.argument("connection")
@click.option(
    "--topic", "topics", multiple=True, help="Topic; may be repeated (default: those that flows make use of)."
)
@click.option("--url", help="Callback address (default: webhooks.public_url and the path of CONNECTION there).")
@wide
@common
def subscribe_(session: Session, connection: str, topics: tuple[str, ...], url: str | None) -> int:
    """Have CONNECTION send notices to the receiver. The receiver must run: it is called at once.

    A subscription that calls elsewhere is replaced; one that is there already is left.

    \b
    Example:
      ml-connector webhooks subscribe books
    """
    with session.open() as deployment:
        source = _source(deployment, connection)
        address = _callback_url(deployment, connection) if url is None else url
        if doubt := source.doubt(address):
            tell(doubt)
        made = [source.subscribe(topic, address) for topic in topics or source.topics]
    rows = [(one.topic, one.callback_url, one.id) for one in made]
    session.emit(
        [{"topic": t, "callback_url": u, "id": i} for t, u, i in rows],
        lambda: print_table(("topic", "calls", "id"), rows),
    )
    return Exit.OK


@webhooks.command("list")
@click.argument("connection")
@wide
@common
def list_(session: Session, connection: str) -> int:
    """The subscriptions of our app in CONNECTION's division, and notices that wait.

    \b
    Example:
      ml-connector webhooks list books
    """
    from ml_connector.ledger.exchange import inbox

    with session.open() as deployment:
        found = _source(deployment, connection).subscriptions()
        with deployment.ledger.read() as tx:
            waiting = inbox.count_waiting(tx, connection)
            newest = inbox.newest(tx, connection)
    value: dict[str, Any] = {
        "subscriptions": [{"topic": s.topic, "callback_url": s.callback_url, "id": s.id} for s in found],
        "notices_waiting": waiting,
        "newest_notice_at": newest,
    }

    def human() -> None:
        if found:
            print_table(("topic", "calls", "id"), [(s.topic, s.callback_url, s.id) for s in found])
        else:
            say("No subscriptions. Orders are found by polling alone.")
        last = f", the newest of {newest:%Y-%m-%d %H:%M:%S} UTC" if newest else ""
        say(f"Notices waiting: {waiting}{last}")

    session.emit(value, human)
    return Exit.OK


@webhooks.command("unsubscribe")
@click.argument("connection")
@click.option("--topic", "topics", multiple=True, help="Topic; may be repeated (default: all of our app).")
@common
def unsubscribe_(session: Session, connection: str, topics: tuple[str, ...]) -> int:
    """Take subscriptions of CONNECTION away. Polling goes on and misses nothing.

    \b
    Example:
      ml-connector webhooks unsubscribe books --topic TOPIC
    """
    with session.open() as deployment:
        source = _source(deployment, connection)
        gone = [s for s in source.subscriptions() if not topics or s.topic in topics]
        for subscription in gone:
            source.unsubscribe(subscription)
    names = [s.topic for s in gone]
    if topics and set(topics) - set(names):
        tell(f"There was none of {', '.join(sorted(set(topics) - set(names)))}.")
    session.emit({"unsubscribed": names}, lambda: say(f"Took away: {', '.join(names) or 'nothing'}."))
    return Exit.OK


def _callback_url(deployment: "Deployment", connection: str) -> str:
    """Where the system reaches the receiver for this connection.

    Raises:
        ConfigError: webhooks.public_url is not set.
    """
    from ml_connector.systems.system import callback_url

    public = deployment.usage(connection).public_url
    if not public:
        raise ConfigError(
            f"{deployment.loaded.path}: webhooks.public_url is not set.",
            remedy="Name the HTTPS address under which the receiver is reached from outside, or give --url.",
        )
    return callback_url(public, deployment.system(connection).webhook_word, connection)


def _source(deployment: "Deployment", connection: str) -> "WebhookSource":
    deployment.loaded.connection(connection)
    source = deployment.webhooks(connection)
    if source is None:
        raise ConfigError(f"{connection} sends no webhooks.", remedy="Name a connection that does.")
    return source
