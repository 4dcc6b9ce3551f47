"""`deploy/nginx.conf` in a real nginx: the pages and two webservers of Dagster behind one log-in (docs/proxy.md)."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
import yaml
from lxml import html

from ml_connector.config.web import WebSettings
from ml_connector_tests.cli.test_production import unit
from ml_connector_tests.support.deployment import ROOT
from ml_connector_tests.web import proxied
from ml_connector_tests.web.pages.every_page import served
from ml_connector_tests.web.pages.office import Office, open_office

pytestmark = [
    pytest.mark.skipif(proxied.find_nginx() is None, reason="there is no nginx on this machine: .ci/run installs it"),
    pytest.mark.timeout(600),
]
#: Says whether anything may be started; asked of a job that there is not.
LAUNCH = """mutation { launchRun(executionParams: {mode: "default", selector: {repositoryLocationName: "tiny.py",
 repositoryName: "__repository__", jobName: "nothing"}}) { __typename } }"""
INTERFACE = "/dagster/graphql"


@dataclass
class Front:
    """What people reach, and what stands behind it."""

    address: str
    pages: str
    office: Office
    receiver: proxied.Echo

    def of(self, name: str = "", password: str = "", **headers: str) -> httpx.Client:
        """A browser of somebody; of nobody without a name."""
        known = httpx.BasicAuth(name, password or proxied.PASSWORDS[name]) if name else None
        return httpx.Client(base_url=self.address, verify=False, auth=known, headers=headers, timeout=60)

    def ask(self, name: str, query: str, **headers: str) -> httpx.Response:
        with self.of(name, **headers) as browser:
            return browser.post(INTERFACE, json={"query": query})


def web_settings() -> WebSettings:
    """As the page tells to write them, for the integration that there is."""
    text = (ROOT / "docs" / "proxy.md").read_text(encoding="utf-8")
    block = text.partition("```yaml\n")[2].partition("```")[0]
    given = yaml.safe_load(block)["web"]
    given["groups"]["ap-clerks"]["integrations"] = ["exact_cleo"]
    return WebSettings.model_validate(given)


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    folder = tmp_path_factory.mktemp("front")
    with open_office(folder / "office") as office, proxied.echo() as receiver:
        office.app.state.pages.doors.renew(web_settings())
        with (
            served(office) as pages,
            proxied.dagster(folder, unit(ROOT / "deploy", "webserver")) as full,
            proxied.dagster(folder, unit(ROOT / "deploy", "viewers")) as looked_at,
        ):
            ports = {8790: int(pages.rpartition(":")[2]), 3000: full, 3001: looked_at, 8780: receiver.port}
            with proxied.nginx(folder / "nginx", ports) as address:
                yield Front(address, pages, office, receiver)


def who(page: httpx.Response) -> str:
    """Whom the pages take somebody for."""
    return str(html.fromstring(page.text).xpath("string(//div[@class='who'])")).split()[0]


@pytest.mark.parametrize("path", ["/", "/documents", "/find?q=1", "/dagster/", "/dagster/server_info", INTERFACE])
@pytest.mark.parametrize(("name", "password"), [("", ""), ("vera", "wrong"), ("nobody", "password of nobody")])
def test_nobody_gets_anything_without_a_log_in(front: Front, path: str, name: str, password: str) -> None:
    with front.of(name, password) as browser:
        answer = browser.get(path)
    assert answer.status_code == 401
    assert "northwind" not in answer.text


def test_each_is_who_logged_in_and_may_what_the_groups_may(front: Front) -> None:
    page, comment = f"/documents/{front.office.held.id}", f"/documents/{front.office.held.id}/comment"
    for name, status in (("vera", 403), ("clara", 303)):
        with front.of(name) as browser:
            shown = browser.get(page)
            assert (shown.status_code, who(shown)) == (200, name)
            token = html.fromstring(shown.text).xpath("string(//input[@name='csrf']/@value)")
            token = token or html.fromstring(browser.get("/try").text).xpath("string(//input[@name='csrf']/@value)")
            assert browser.post(comment, data={"csrf": token, "why": "seen"}).status_code == status
    with front.of("nora") as browser:
        answer = browser.get(page)
    assert answer.status_code == 403
    assert "You are in none of the groups" in answer.text


@pytest.mark.parametrize(
    "forged",
    [
        {"X-Forwarded-User": "otto", "X-Forwarded-Groups": "operators"},
        {"x-forwarded-user": "otto", "x-forwarded-groups": "operators,ap-clerks"},
        {"X_Forwarded_User": "otto", "X_Forwarded_Groups": "operators"},
    ],
)
def test_who_somebody_is_is_not_what_a_browser_says(front: Front, forged: dict[str, str]) -> None:
    with front.of("vera", **forged) as browser:
        shown = browser.get(f"/documents/{front.office.held.id}")
        assert who(shown) == "vera"
        assert "What you can do" not in shown.text
    assert front.ask("vera", LAUNCH, **forged).json()["data"]["launchRun"]["__typename"] == "UnauthorizedError"
    with front.of("nora", **forged) as browser:
        assert browser.get("/").status_code == 403


@pytest.mark.parametrize("peer", ["127.0.0.2", "127.0.0.1"])
def test_the_pages_believe_these_headers_from_the_proxy_alone(front: Front, peer: str) -> None:
    """Told by the address: 127.0.0.1 is the proxy's."""
    forged = {"X-Forwarded-User": "otto", "X-Forwarded-Groups": "operators"}
    with httpx.Client(transport=httpx.HTTPTransport(local_address=peer)) as browser:
        answer = browser.get(front.pages, headers=forged)
    assert answer.status_code == (200 if peer == "127.0.0.1" else 403)


def test_viewers_look_at_dagster_and_operators_work_in_it(front: Front) -> None:
    for name, may in (("vera", False), ("carl", False), ("otto", True)):
        with front.of(name) as browser:
            assert "<html" in browser.get("/dagster/overview", headers={"Accept": "text/html"}).text
        asked = front.ask(name, "{ permissions { permission value } }").json()["data"]["permissions"]
        assert {one["permission"]: one["value"] for one in asked}["launch_pipeline_execution"] is may
        came = front.ask(name, LAUNCH).json()["data"]["launchRun"]["__typename"]
        assert (came != "UnauthorizedError") is may, came
    for name in ("clara", "nora"):
        with front.of(name) as browser:
            assert browser.get("/dagster/").status_code == 404
        assert front.ask(name, LAUNCH).status_code == 404


@pytest.mark.parametrize(
    "path", [INTERFACE, "/dagster//graphql", "/dagster/%67raphql", "/dagster/report_asset_check/x"]
)
@pytest.mark.parametrize(
    "foreign",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_site_makes_nobody_ask_anything_of_dagster(front: Front, path: str, foreign: dict[str, str]) -> None:
    """Dagster takes what is asked from the address too: no form, and no preflight, stands before it."""
    with front.of("otto", **foreign) as browser:
        asked = {"query": LAUNCH}
        assert browser.get(path, params=asked).status_code == 403
        assert browser.post(path, params=asked, content="x", headers={"Content-Type": "text/plain"}).status_code == 403


def test_its_own_pages_may_ask_it_also_over_a_websocket(front: Front) -> None:
    own = {"Origin": front.address, "Sec-Fetch-Site": "same-origin"}
    assert front.ask("otto", "{ version }", **own).json()["data"]["version"]
    upgrade = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": "graphql-ws",
    }
    for origin, status in ((front.address, 101), ("https://elsewhere.example", 403)):
        with front.of("otto", Origin=origin, **upgrade) as browser, browser.stream("GET", INTERFACE) as answer:
            assert answer.status_code == status


def test_other_systems_reach_the_receiver_without_a_log_in_and_bring_no_name(front: Front) -> None:
    forged = {"X-Forwarded-For": "10.9.9.9"}
    for path in ("/webhooks/exact/exact_nl", "/oauth/callback", "/healthz"):
        with front.of(**forged) as system:
            assert system.post(path, content=b"{}").status_code == 204
        asked, headers = front.receiver.asked[-1]
        assert asked == path
        assert headers["x-forwarded-for"] == "127.0.0.1"


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
def test_what_is_for_the_machine_itself_is_not_passed(front: Front, path: str) -> None:
    with front.of("otto") as browser:
        assert browser.get(path).status_code == 404
