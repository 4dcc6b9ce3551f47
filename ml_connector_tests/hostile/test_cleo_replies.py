"""Whatever Cleo (or something in its place) answers: nothing is lost, a clear word, and the waiting file is posted once
when the answers are honest again.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa

from ml_connector.clock import FileClock
from ml_connector.ledger.tables.documents import token
from ml_connector_tests.hostile.interchanges import Invoice
from ml_connector_tests.hostile.stage import Reply, Stage

LISTING = "/api/folders/*/files"
CONTENT = "/api/files/*/content"
ROOT = "/api/folders"
LOGIN = "/api/authentication"
HTML = "text/html"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits put the scene's clock forward."""
    monkeypatch.setattr(FileClock, "sleep", lambda self, seconds: self.move(max(seconds, 0.001)))


def _add(*resources: Any) -> Callable[[Any], Any]:
    """The honest listing with these resources before it."""

    def change(answer: Any) -> Any:
        if isinstance(answer.get("resources"), list):
            answer["resources"] = [*resources, *answer["resources"]]
            answer["totalResults"] = len(answer["resources"])
        return answer

    return change


def _each(**changes: Any) -> Callable[[Any], Any]:
    """The honest listing with other values in each resource."""
    return lambda answer: {**answer, "resources": [{**one, **changes} for one in answer.get("resources", [])]}


def _all(**changes: Any) -> Callable[[Any], Any]:
    return lambda answer: {**answer, **changes}


_fresh = count()


def _other(answer: Any) -> Any:
    """Other files at every call, and always more to come."""
    found = [{"id": f"endless-{next(_fresh)}", "name": "x.tmp", "size": 1} for _ in range(100)]
    return {**answer, "resources": found, "totalResults": 10**17}


@dataclass
class Case:
    """words: what the run's error or its report says."""

    reply: Reply
    words: str = ""


#: A file's own answers, listings, folders, log-ins.
CASES: dict[str, Case] = {
    "listing is html": Case(Reply(b"<html>", content_type=HTML, path=LISTING), "an HTML page"),
    "listing is html called json": Case(Reply(b"<html>", path=LISTING), "not readable as JSON"),
    "listing is xml": Case(Reply(b"<?xml?><a/>", content_type="text/xml", path=LISTING), "XML"),
    "listing is empty": Case(Reply(b"", path=LISTING), "not a collection"),
    "listing is a number": Case(Reply(b"7", path=LISTING), "not a collection"),
    "listing is an error": Case(Reply({"error": "no"}, path=LISTING), "not a collection"),
    "listing is deep": Case(Reply(b"[" * 100_000, path=LISTING), "nested deeper"),
    "listing of 60 MB": Case(Reply(b" " * 60_000_000, path=LISTING), "more than 50000000 bytes"),
    "listing of numbers": Case(Reply({"resources": [1, 2, "x", None], "totalResults": 4}, path=LISTING)),
    "huge total, empty page": Case(Reply({"resources": [], "totalResults": 10**17}, path=LISTING)),
    "total beyond counting": Case(Reply(path=LISTING, change=_all(totalResults=10**59))),
    "total less than nothing": Case(Reply(path=LISTING, change=_all(totalResults=-5))),
    "total is an object": Case(Reply(path=LISTING, change=_all(totalResults={"$gt": 0}))),
    "listing without end": Case(Reply(path=LISTING, change=_other)),
    "ids that climb": Case(
        Reply(path=LISTING, change=_add({"id": "../../authentication", "name": "a.edi", "size": 3})), "404|gone"
    ),
    "ids with a line break": Case(
        Reply(path=LISTING, change=_add({"id": "a\r\nHost: evil.example", "name": "a.edi", "size": 3}))
    ),
    "ids with a NUL": Case(Reply(path=LISTING, change=_add({"id": "a\x00b", "name": "a.edi", "size": 3}))),
    "ids with a query": Case(
        Reply(path=LISTING, change=_add({"id": "a?b=c#d", "name": "a.edi", "size": 3})), "404|gone"
    ),
    "ids that are a dot": Case(
        Reply(path=LISTING, change=_add({"id": "..", "name": "a.edi"}, {"id": ".", "name": "b"}))
    ),
    "ids of 5,000 characters": Case(Reply(path=LISTING, change=_add({"id": "x" * 5000, "name": "a.edi", "size": 3}))),
    "ids that are objects": Case(Reply(path=LISTING, change=_add({"id": {"a": 1}}, {"id": True}, {"id": None}, {}))),
    "the same id twice": Case(Reply(path=LISTING, change=lambda a: {**a, "resources": a.get("resources", []) * 2})),
    "names that are objects": Case(Reply(path=LISTING, change=_each(name={"x": 1}))),
    "names with half a code point": Case(Reply(path=LISTING, change=_each(name="a\ud800\x00.edi"))),
    "sizes that are words": Case(Reply(path=LISTING, change=_each(size="large"))),
    "sizes in superscript": Case(Reply(path=LISTING, change=_each(size="\xb2"))),
    "times that are objects": Case(Reply(path=LISTING, change=_each(lastModified=[1]))),
    "listing forbidden": Case(Reply(b"", status=403, path=LISTING), "403"),
    "listing gone": Case(Reply(b"", status=404, path=LISTING), "no folder"),
    "listing 401 for ever": Case(Reply(b"", status=401, path=LISTING), "401"),
    "listing 429 for 30 years": Case(
        Reply(b"", status=429, path=LISTING, headers=(("Retry-After", "999999999"),)), "429"
    ),
    "listing redirected": Case(Reply(status=302, path=LISTING, headers=(("Location", "http://evil.example/"),)), "302"),
    "listing 500 that quotes": Case(Reply({"error": "Bearer AAEAx\x1b[2J" * 90}, status=500, path=LISTING), "500"),
    "listing that quotes our token": Case(
        Reply(status=400, path=LISTING, echo=lambda token, _: {"error": {"message": f"no token {token}"}}), "400"
    ),
    "folders are html": Case(Reply(b"<html>", content_type=HTML, path=ROOT), "an HTML page"),
    "folders without ids": Case(
        Reply({"resources": [{"name": "NORTHWIND"}], "totalResults": 1}, path=ROOT), "no folder"
    ),
    "folders without end": Case(
        Reply({"resources": [{"id": "f", "name": "x"}] * 100, "totalResults": 10**17}, path=ROOT), "no folder"
    ),
    "folder id climbs": Case(
        Reply({"resources": [{"id": "../../../etc", "name": "NORTHWIND"}], "totalResults": 1}, path=ROOT),
        "no folder|404",
    ),
    "content is html": Case(Reply(b"<html>", status=500, content_type=HTML, path=CONTENT), "500"),
    "content 401 for ever": Case(Reply(b"", status=401, path=CONTENT), "401"),
    "content forbidden": Case(Reply(b"", status=403, path=CONTENT), "403"),
    "content not there": Case(Reply(b"", status=404, path=CONTENT), "paths.content"),
    "content 204": Case(Reply(b"", status=204, path=CONTENT), "204"),
    "content redirected": Case(Reply(status=307, path=CONTENT, headers=(("Location", "file:///etc/passwd"),)), "307"),
    "content broken gzip": Case(
        Reply(b"\x1f\x8bno", path=CONTENT, headers=(("Content-Encoding", "gzip"),)), "no answer"
    ),
    "log-in is html": Case(Reply(b"<html>", content_type=HTML, path=LOGIN), "answered with 200 .*no token"),
    "log-in is redirected": Case(
        Reply(status=302, path=LOGIN, headers=(("Location", "http://evil.example/"),)), "not the log-in"
    ),
    "log-in without a token": Case(Reply({"token_type": "Bearer"}, path=LOGIN), "answered with 200 .*no token"),
    "log-in token is an object": Case(Reply({"access_token": {"x": 1}}, path=LOGIN), "answered with 200 .*no token"),
    "log-in token breaks the header": Case(
        Reply({"access_token": "tokentoken\r\nX-Evil: 1"}, path=LOGIN), "answered with 200 .*no token"
    ),
    "log-in token in other letters": Case(
        Reply({"access_token": "tokentok\u20acn"}, path=LOGIN), "answered with 200 .*no token"
    ),
    "log-in token of a megabyte": Case(Reply({"access_token": "t" * 1_000_000}, path=LOGIN), "larger than"),
    "log-in lasts for ever": Case(Reply(path=LOGIN, change=_all(expires_in=10**40))),
    "log-in lasted": Case(Reply(path=LOGIN, change=_all(expires_in=-5))),
    "log-in lasts a word": Case(Reply(path=LOGIN, change=_all(expires_in="soon"))),
    "log-in is deep": Case(Reply(b"[" * 60_000, path=LOGIN), "log-in|JSON is broken"),
    "log-in asks for a code": Case(Reply({"error": "totp_required"}, status=401, path=LOGIN), "two-factor|asks for"),
    "log-in that quotes the password": Case(
        Reply(status=401, path=LOGIN, echo=lambda _, body: {"error": "invalid", "message": f"no: {body}"}),
        "refuses the user name",
    ),
    "log-in refused": Case(
        Reply({"error": "invalid_grant"}, status=401, path=LOGIN), "refuses the user name or password"
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_lost_whatever_the_network_answers(clean: Stage, name: str) -> None:
    case = CASES[name]
    (order,) = clean.scene.orders(1)
    number = f"C-{list(CASES).index(name)}"
    remote_id = clean.deliver(f"{number}.edi", Invoice(number, order).bytes())
    _new_session(clean, forget_folders=case.reply.path == ROOT)
    clean.cleo.replies.append(case.reply)
    reports: dict[str, Any] = {}
    error = clean.ended(lambda: reports.update(clean.inbound()))
    assert case.reply.played > 0
    assert error is None or (error.remedy and str(error).isprintable() and len(str(error)) < 1500)
    told = str(error or "") + json.dumps([report.as_dict() for report in reports.values()])
    assert re.search(case.words, told), told
    assert (
        not any("evil" in path or "etc" in path or ".." in path for _, path in clean.cleo.calls[1:]) or "climb" in name
    )
    clean.reset()
    _new_session(clean, forget_folders=True)
    for seconds in (90_000, 10):
        clean.scene.sandbox.clock.move(seconds)
        clean.ended(clean.inbound)
        if [row["state"] for row in clean.documents(remote_id)] == ["posted"]:
            break
    assert [row["state"] for row in clean.documents(remote_id)] == ["posted"]
    assert len([invoice for invoice in clean.scene.posted() if invoice["YourRef"] == number]) == 1


def _new_session(stage: Stage, *, forget_folders: bool) -> None:
    """As another process would begin: no token in memory that is good, no folder known."""
    network: Any = stage.scene.integration.network
    if forget_folders:
        network._folders.clear()
    network._client.api._authentication._tokens._held = None
    with stage.scene.deployment.ledger.write() as tx:
        tx.execute(sa.delete(token).where(token.c.connection == "cleo_prod"))
