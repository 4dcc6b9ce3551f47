"""Every page that there is, over a deployment in which each has something to show."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from starlette.routing import Route

from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.web.pages.opening import opened
from ml_connector.web.serve import listen, make_server
from ml_connector_tests.flows.scenes import scene
from ml_connector_tests.support.waiting import wait_until
from ml_connector_tests.web.pages.office import Office, errand_in_scene

#: What is served and is no page for people to look at.
NO_PAGES = {"/healthz", "/readyz", "/metrics", "/static/{name}", "/documents/{document:id}/bytes"}


@contextmanager
def served(office: Office) -> Iterator[str]:
    """The pages over a real socket; their address."""
    bound = listen("127.0.0.1", 0)
    server = make_server(office.app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    try:
        wait_until(lambda: server.started, "the pages do not start")
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def story(home: Path) -> Iterator[Office]:
    """Orders out and everything that answers them, an invoice that is held, and a limit that is nearly used up."""
    from ml_connector.ledger.coordination import rate_budgets

    with scene(home) as made:
        orders = made.orders(2, received=False)
        for _ in range(4):
            made.outbound()
            made.sandbox.clock.move(30)
            made.sandbox.call(made.world.flush)
            made.inbound()
        made.receive(orders[:1])
        made.inbound()
        dear = made.orders(1)
        made.invoice(dear, {"overcharge_percent": "12.5"})
        made.inbound()
        rows = made.documents()
        held = next(row for row in rows if row.state is S.QUARANTINED and row.flow == "invoices_in")
        posted = next(row for row in rows if row.state is S.POSTED and row.flow == "invoices_in")
        now = made.deployment.clock.now()
        with made.deployment.ledger.write() as tx:
            rate_budgets.store_window(tx, "exact_nl:day", 5000, 12, now + timedelta(hours=9))
        asked: list[Mapping[str, Any]] = []
        with opened(made.deployment, local="tester", run=errand_in_scene(made, asked)) as app:
            yield Office(made, app, posted, held, str(dear[0]["order_number"]), dear[0], asked)


def routes(office: Office) -> set[str]:
    """The addresses of pages, as the app has them."""
    found = {one.path for one in office.app.routes if isinstance(one, Route) and "GET" in (one.methods or ())}
    return found - NO_PAGES


#: Pages of the manual with everything that stands in one: tables, code, long lines, headings of code.
MANUAL = ("held-documents", "benchmarks", "x12", "integrations/exact-cleo")


def paths(office: Office) -> dict[str, list[str]]:
    """The pages of each address: of documents one of each kind and state."""
    shown = {(row.kind, row.direction, row.state): row.id for row in office.scene.documents()}
    ids = sorted(shown.values())
    day = office.held.partition_date
    made: Mapping[str, Callable[[], list[str]]] = {
        "/": lambda: ["/"],
        "/documents": lambda: ["/documents", "/documents?held=1", "/documents?partner=nobody"],
        "/find": lambda: ["/find", "/find?q=northwind", "/find?q=nothing-like-it"],
        "/documents/{document:id}": lambda: [f"/documents/{one}" for one in ids] + ["/documents/999999"],
        "/documents/{document:id}/replay": lambda: [f"/documents/{one}/replay" for one in ids],
        "/connections": lambda: ["/connections"],
        "/connections/{name}": lambda: ["/connections/exact_nl", "/connections/cleo_prod"],
        "/partners": lambda: ["/partners"],
        "/partners/{integration}/{partner}": lambda: ["/partners/exact_cleo/northwind"],
        "/try": lambda: ["/try"],
        "/days": lambda: ["/days"],
        "/days/{integration}/{day}": lambda: [f"/days/exact_cleo/{day}"],
        "/manual": lambda: ["/manual"],
        "/manual/{name:path}": lambda: [f"/manual/{name}" for name in MANUAL],
        "/several": lambda: [f"/several?id={office.held.id}&id={office.posted.id}"],
        "/login": lambda: ["/login"],
    }
    return {route: given() for route, given in made.items()}
