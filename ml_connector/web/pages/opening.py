"""Pages over a deployment: put together for the command line, the demo and tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from starlette.applications import Starlette

from ml_connector.composition import Deployment
from ml_connector.web.access.doors import Doors
from ml_connector.web.access.sessions import Sessions
from ml_connector.web.connections import Bounds, networks
from ml_connector.web.frame.asking import Pages
from ml_connector.web.frame.configuration import Configuration
from ml_connector.web.frame.errands import Errands, Runner, in_own_process
from ml_connector.web.pages.app import create_pages


def bounds_of(deployment: Deployment) -> Bounds:
    """How many connections there may be; the proxy that people come through may have more than one of them."""
    proxy = deployment.loaded.settings.web.proxy
    return Bounds(proxies=networks(proxy.addresses) if proxy else ())


@contextmanager
def opened(deployment: Deployment, *, local: str, run: Runner | None = None) -> Iterator[Starlette]:
    """The app. local: who is at this machine, where nobody has to log in. run: how errands are done."""
    settings = deployment.loaded.settings.web
    sessions = Sessions(idle_seconds=settings.idle_minutes * 60, most_seconds=settings.session_hours * 3600)
    doors = Doors(settings, sessions, local)
    public = urlsplit(settings.public_url)
    errands = Errands(run or in_own_process(deployment.loaded.path), deployment.clock)
    pages = Pages(Configuration(deployment), doors, errands, secure=public.scheme == "https")
    try:
        yield create_pages(pages, bounds=bounds_of(deployment))
    finally:
        errands.close()
