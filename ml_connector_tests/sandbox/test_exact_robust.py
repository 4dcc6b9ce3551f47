"""No request, however odd, is answered by a crash of the stand-in, and a refused one leaves the books alone."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.clock import FileClock
from ml_connector.sandbox.exact.http.app import create_app
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.exact.seed import orders, seed_exact
from ml_connector.sandbox.exact.state import ExactState
from ml_connector.sandbox.exact.wire.entities import ENTITIES, Entity, Field
from ml_connector.sandbox.journal import Journal
from ml_connector_tests.sandbox.exact_bench import REDIRECT
from ml_connector_tests.support.examples import some

WRITABLE = sorted(
    path
    for path, entity in ENTITIES.items()
    if "POST" in entity.verbs and not path.startswith("webhooks/")  # those call out
)
READABLE = sorted(path for path, entity in ENTITIES.items() if "GET" in entity.verbs and path != "current/Me")


class Direct:
    """The app without sockets: an exception in it is an exception here."""

    def __init__(self, folder: Path) -> None:
        clock = FileClock(folder / "clock")
        limitless = ExactOptions(minute_limit=None, day_limit=None)
        self.state = ExactState(clock=clock, journal=Journal(clock), options=limitless, seed=1)
        seed_exact(self.state)
        orders(self.state, 6)
        code = self.state.oauth.new_code(REDIRECT)
        form = httpx.QueryParams(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": REDIRECT,
                "client_id": limitless.client_id,
                "client_secret": limitless.client_secret,
            }
        )
        headers = {"content-type": "application/x-www-form-urlencoded"}
        self.token = self.state.oauth.token(headers, str(form).encode()).body["access_token"]
        self.loop = asyncio.new_event_loop()
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=create_app(self.state)),
            base_url="http://exact/api/v1/124132",
            headers={"Authorization": f"Bearer {self.token}", "Accept": "application/json"},
        )
        known = [row["ID"] for path in ("crm/Accounts", "logistics/Items") for row in self.state.main.table(path)]
        lines = [row["ID"] for row in self.state.main.table("purchaseorder/PurchaseOrderLines")]
        accounts = [row["ID"] for row in self.state.main.table("financial/GLAccounts")]
        self.guids = [*known[:8], *lines, *accounts[:20]]

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self.loop.run_until_complete(self.http.request(method, path, **more))


@pytest.fixture(scope="module")
def direct(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Direct]:
    made = Direct(tmp_path_factory.mktemp("robust"))
    yield made
    made.loop.run_until_complete(made.http.aclose())
    made.loop.close()


_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.just([]),
    st.just({"a": 1}),
)
_BY_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "String": st.sampled_from(["60", "90", "50", "OPS", "OLD", "2", "30", "EUR", "P1", "x" * 300, "", "é\u0000"]),
    "DateTime": st.sampled_from(["2026-07-01", "0001-01-01", "9999-12-31", "2026-02-30", "/Date(-9999999999999999)/"]),
    "Double": st.sampled_from([0, 1, -1, 1e15, 0.005, 10**17, -0.0, 1e-30]),
    "Boolean": st.booleans(),
}


def _value(draw: st.DrawFn, field: Field, guids: list[str]) -> Any:
    if draw(st.integers(0, 14)) == 0:
        return draw(_ODD)
    if field.type == "Guid":
        return draw(st.sampled_from(guids))
    if field.type == "Guids":
        return [draw(st.sampled_from(guids))]
    return draw(_BY_TYPE.get(field.type, st.sampled_from([0, 1, 20, 30, 8033, 8034, 2026])))


def _body(draw: st.DrawFn, entity: Entity, guids: list[str]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for field in entity.fields.values():
        wanted = field.mandatory and draw(st.integers(0, 19)) > 0
        if not wanted and (field.readonly or draw(st.integers(0, 3)) > 0):
            continue
        child = entity.child(field.name) if field.collection else None
        if child is not None:
            body[field.name] = [_body(draw, ENTITIES[child[0]], guids) for _ in range(draw(st.integers(0, 3)))]
        elif not field.collection:
            body[field.name] = _value(draw, field, guids)
    return body


@given(st.data())
@settings(max_examples=some(300), deadline=None)
def test_posts_and_puts_of_anything(direct: Direct, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(WRITABLE))
    body = data.draw(st.composite(_body)(ENTITIES[path], direct.guids))
    which = data.draw(st.integers(0, 10**6))  # drawn whatever the books hold: they are shared between examples
    content = json.dumps(body).encode()
    table = direct.state.main.table(path)
    before = len(table)
    headers = {"Content-Type": "application/json"}
    answer = direct.call("POST", f"/{path}", content=content, headers=headers)
    assert answer.status_code in {201, 400, 405, 500}
    if answer.status_code == 201:
        assert answer.json()["d"]["__metadata"]["type"] == ENTITIES[path].model
    else:
        assert answer.json()["error"]["message"]["value"]
        assert len(table) == before
    if table.rows:
        key = sorted(table.rows)[which % len(table)]
        changed = direct.call("PUT", f"/{path}(guid'{key}')", content=content, headers=headers)
        assert changed.status_code in {204, 400, 405, 500}
        read = direct.call("GET", f"/{path}(guid'{key}')")
        assert read.status_code == 200 or "GET" not in ENTITIES[path].verbs


_OPTION = st.sampled_from(
    ["$select", "$filter", "$orderby", "$top", "$skip", "$skiptoken", "$inlinecount", "$expand", "$odd", "x"]
)
_PIECES = ["ID", "Code", "Modified", "eq", "gt", "'x'", "null", "5", ",", "/", "*", "guid'x'", "desc", "(", "allpages"]
_VALUE = st.one_of(st.text(max_size=12), st.lists(st.sampled_from(_PIECES), max_size=6).map(" ".join))


@given(st.sampled_from(READABLE), st.dictionaries(_OPTION, _VALUE, max_size=4))
@settings(max_examples=some(300), deadline=None)
def test_gets_with_any_options(direct: Direct, path: str, options: dict[str, str]) -> None:
    answer = direct.call("GET", f"/{path}", params=options)
    assert answer.status_code in {200, 400}, answer.text


@given(st.text(max_size=40), st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]))
@settings(max_examples=some(200), deadline=None)
def test_any_path(direct: Direct, path: str, method: str) -> None:
    answer = direct.call(method, "/" + quote(path, safe="/()'$,"), content=b"{}")
    assert answer.status_code < 500
