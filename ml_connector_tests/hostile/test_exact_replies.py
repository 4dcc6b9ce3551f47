"""Whatever Exact (or something in its place) answers: a clear error of ours, what is known stays known, and the next
honest answer is taken.
"""

import gzip
import re
from collections.abc import Callable
from typing import Any

import pytest

from ml_connector.clock import FileClock
from ml_connector.documents.reference import ReferenceTable
from ml_connector.errors import AuthorizationNeeded, ConnectorError, RefusedBySystem, TryAgain
from ml_connector.flows.core.ports import PURCHASE_ORDERS, source_of
from ml_connector.flows.reference.syncing import sync_table
from ml_connector.ledger.exchange import snapshots
from ml_connector_tests.hostile.stage import Reply, Stage

VENDORS = "/api/v1/*/sync/CRM/Accounts"
GUID = "11111111-2222-3333-4444-555555555555"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits put the scene's clock forward."""
    monkeypatch.setattr(FileClock, "sleep", lambda self, seconds: self.move(max(seconds, 0.001)))


@pytest.fixture
def exact(clean: Stage) -> Stage:
    clean.forget_limits()
    clean.scene.sandbox.clock.move(3700)  # counted errors are an hour old
    return clean


def vendor(**changes: Any) -> dict[str, Any]:
    """A supplier as Exact sends it."""
    return {
        "ID": GUID,
        "Code": "             77001",
        "Name": "Hostile BV",
        "IsSupplier": True,
        "Timestamp": 5,
        **changes,
    }


def rows(*found: Any) -> dict[str, Any]:
    return {"d": {"results": list(found)}}


def deep(levels: int) -> bytes:
    return b'{"d":' * levels + b"1" + b"}" * levels


#: id -> what comes instead of a list, the error it is, and words of its text
READS: dict[str, tuple[Reply, type[ConnectorError], str]] = {
    "html with 200": (Reply(b"<html>Maintenance</html>", content_type="text/html"), TryAgain, "an HTML page"),
    "html as json": (Reply(b"<!doctype html><html>"), TryAgain, "not readable as JSON"),
    "xml": (Reply(b"<?xml version='1.0'?><feed/>", content_type="application/atom+xml"), TryAgain, "XML"),
    "empty": (Reply(b""), TryAgain, "shape"),
    "blanks": (Reply(b"   \n"), TryAgain, "shape"),
    "null": (Reply(b"null"), TryAgain, "shape"),
    "a number": (Reply(b"42"), TryAgain, "shape"),
    "a text": (Reply(b'"results"'), TryAgain, "shape"),
    "a list": (Reply(b"[1,2]"), TryAgain, "shape"),
    "no d": (Reply({"value": []}), TryAgain, "shape"),
    "d is text": (Reply({"d": "x"}), TryAgain, "shape"),
    "rows are text": (Reply(rows("a", "b")), TryAgain, "shape"),
    "rows are lists": (Reply(rows([[]])), TryAgain, "shape"),
    "results is a number": (Reply({"d": {"results": 7}}), TryAgain, "shape"),
    "cut off": (Reply(b'{"d":{"results":[{"ID":"'), TryAgain, "not readable as JSON"),
    "two values": (Reply(b'{"d":[]}{"d":[]}'), TryAgain, "not readable as JSON"),
    "deep json": (Reply(deep(10_000)), TryAgain, "nested deeper"),
    "deeper json": (Reply(b"[" * 500_000), TryAgain, "nested deeper|not readable"),
    "60 levels": (Reply(deep(60)), TryAgain, "nested deeper"),
    "10 MB of nothing": (Reply(b" " * 10_000_000), TryAgain, "shape"),
    "60 MB": (Reply(b'{"d":"' + b"x" * 60_000_000 + b'"}'), TryAgain, "more than 50000000 bytes"),
    "gzip bomb": (
        Reply(gzip.compress(b" " * 60_000_000), headers=(("Content-Encoding", "gzip"),)),
        TryAgain,
        "more than 50000000 bytes",
    ),
    "broken gzip": (Reply(b"\x1f\x8bnothing", headers=(("Content-Encoding", "gzip"),)), TryAgain, "no answer"),
    "NaN": (Reply(b'{"d":[{"ID":NaN}]}'), TryAgain, "NaN"),
    "infinity": (Reply(b'{"d":[{"ID":-Infinity}]}'), TryAgain, "Infinity"),
    "1e400": (Reply(b'{"d":[{"Code":1e400}]}'), TryAgain, "beyond all reason"),
    "5,000 digits": (Reply(b'{"d":[{"Code":' + b"9" * 5000 + b"}]}"), TryAgain, "too many digits"),
    "broken utf-8": (Reply(b'{"d":[{"Name":"\xff\xfe"}]}'), TryAgain, "not readable as JSON"),
    "utf-16": (Reply('{"d":[]}'.encode("utf-16")), TryAgain, "not readable as JSON"),
    "timestamp is text": (Reply(rows(vendor(Timestamp="soon"))), TryAgain, "Timestamp|number"),
    "id is missing": (Reply(rows(vendor(ID=None))), TryAgain, "without ID"),
    "next page elsewhere": (
        Reply({"d": {"results": [], "__next": "http://evil.example/api/v1/1/x?$skiptoken=1"}}),
        RefusedBySystem,
        "another address .http://evil.example",
    ),
    "next page of a user": (
        Reply({"d": {"results": [], "__next": "http://u:p@127.0.0.1/x"}}),
        RefusedBySystem,
        "another address",
    ),
    "next page is a script": (
        Reply({"d": {"results": [], "__next": "javascript:alert(1)"}}),
        RefusedBySystem,
        "another address",
    ),
    "next page is a number": (Reply({"d": {"results": [], "__next": 7}}), TryAgain, "next page"),
    "next page of a million characters": (
        Reply({"d": {"results": [], "__next": "http://" + "x" * 1_000_000}}),
        RefusedBySystem,
        "another address",
    ),
    "redirect elsewhere": (
        Reply(status=302, headers=(("Location", "http://evil.example/"),)),
        TryAgain,
        "302",
    ),
    "redirect here": (Reply(status=307, headers=(("Location", "/api/v1/current/Me"),)), TryAgain, "307"),
    "204 for a list": (Reply(status=204), TryAgain, "shape"),
    "206": (Reply(rows(), status=206), TryAgain, "206"),
    "418": (Reply(b"tea", status=418, content_type="text/plain"), RefusedBySystem, "418"),
    "429 for 30 years": (Reply(status=429, headers=(("Retry-After", "999999999"),)), TryAgain, "429"),
    "429 until the year 9999": (
        Reply(status=429, headers=(("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT"),)),
        TryAgain,
        "429",
    ),
    "429 until never": (
        Reply(status=429, headers=(("Retry-After", "Fri, 20 Nov 99999999999999999999 10:00:00 GMT"),)),
        TryAgain,
        "429",
    ),
    "429 for a superscript": (Reply(status=429, headers=(("Retry-After", "\xb2"),)), TryAgain, "429"),
    "500 with a page": (Reply(b"<html>", status=500, content_type="text/html"), TryAgain, "failed at Exact .500"),
    "500 of a megabyte": (
        Reply({"error": {"message": {"value": "x" * 1_000_000}}}, status=500),
        TryAgain,
        "failed at Exact .500",
    ),
    "500 that quotes us": (
        Reply({"error": {"message": {"value": "bad Bearer AAEAsecret\r\nSet-Cookie: a=b\x1b[2J"}}}, status=500),
        RefusedBySystem,
        "Exact refused it: bad",
    ),
    "500 that quotes our token": (
        Reply(status=500, echo=lambda token, _: {"error": {"message": {"value": f"no: {token} in {token[:40]}"}}}),
        RefusedBySystem,
        "Exact refused it: no",
    ),
    "503": (Reply(b"", status=503), TryAgain, "failed at Exact .503"),
    **{
        f"403 {reason}": (Reply(b"", status=403, headers=(("Reason", f"{reason}: x"),)), AuthorizationNeeded, words)
        for reason, words in {
            "BlockedUser": "blocked",
            "InactiveUser": "inactive",
            "BlockedCustomer": "blocked the customer",
            "LicenseExpired": "licence",
            "DivisionBlocked": "division is blocked",
            "NoDivisionAccess": "may not see this division",
            "UnheardOf": "forbidden",
            "<script>": "forbidden",
        }.items()
    },
    "403 without a reason": (Reply(b"", status=403), AuthorizationNeeded, "forbidden"),
    "401 for ever": (Reply(b"", status=401), TryAgain, "401|fresh token|too young|access token"),
    "404": (Reply(b"", status=404), RefusedBySystem, "404"),
    "400 of html": (Reply(b"<html><b>Bad</b>", status=400, content_type="text/html"), RefusedBySystem, "HTML"),
}


@pytest.mark.parametrize("name", READS)
def test_a_list_that_cannot_be_read_is_told_and_the_known_table_stays(exact: Stage, name: str) -> None:
    reply, kind, words = READS[name]
    reply.path = VENDORS
    before = known(exact)
    exact.exact.replies.append(reply)
    error = exact.ended(lambda: read_vendors(exact))
    assert reply.played > 0
    _check(error, kind, words)
    assert known(exact) == before
    exact.reset()
    exact.forget_limits()
    exact.scene.sandbox.clock.move(90_000)
    read_vendors(exact)
    assert known(exact) == before, "the next honest answer is taken"


def known(stage: Stage) -> int:
    """Suppliers in the newest snapshot."""
    erp = stage.scene.integration.erp
    with stage.scene.deployment.ledger.read() as tx:
        stored = snapshots.load(tx, erp.connection, erp.company, ReferenceTable.VENDORS)
    return len(stored.rows) if stored else 0


def read_vendors(stage: Stage) -> None:
    sync_table(stage.scene.deployment.ledger, stage.scene.integration.erp, ReferenceTable.VENDORS)


def _check(error: ConnectorError | None, kind: type[ConnectorError], words: str) -> None:
    assert isinstance(error, kind), repr(error)
    assert re.search(words, error.message), error.message
    assert "exact_nl" in error.message, "it names the connection"
    assert error.remedy, error.message
    assert len(str(error)) <= 1500
    assert str(error).isprintable()


# ---------------------------------------------------------------- one value in a good record

ODD_VALUES = {
    "object": {"a": [1]},
    "list": [1, 2],
    "true": True,
    "a number of 59 digits": 10**58,
    "a text of 50,000 characters": "x" * 50_000,
    "NUL": "a\x00b",
    "half a code point": "a\ud800b",
    "escape sequence": "\x1b[2Jb",
    "formula": "=cmd|' /C calc'!A0",
    "markup": "<script>alert(1)</script>",
    "path": "../../../etc/passwd",
    "date beyond the calendar": "/Date(99999999999999999)/",
    "NaN as text": "NaN",
}


@pytest.mark.parametrize("field", ["Name", "Code", "GLAccountPurchase", "Blocked"])
def test_odd_values_in_a_record_are_kept_as_text_or_refused(exact: Stage, field: str) -> None:
    """The table is read, with or without the record; nothing but an error of ours comes out of it."""
    before = known(exact)
    for value in ODD_VALUES.values():
        exact.exact.replies[:] = [Reply(rows(vendor(**{field: value})), path=VENDORS)]
        error = exact.ended(lambda: read_vendors(exact))
        assert error is None or isinstance(error, TryAgain), value
        assert known(exact) in {before, before + 1}


@pytest.mark.parametrize("field", ["OrderDate", "PurchaseOrderLineCount", "PurchaseOrderLines", "OrderNumber"])
def test_odd_values_in_an_order_end_in_an_error_of_ours_at_most(exact: Stage, field: str) -> None:
    for value in ODD_VALUES.values():
        exact.exact.replies[:] = [Reply(path="*/purchaseorder/PurchaseOrders", change=_spoilt(field, value))]
        error = exact.ended(lambda: source_of(exact.scene.integration.erp, PURCHASE_ORDERS).changed("2020-01-01"))
        assert error is None or isinstance(error, TryAgain | RefusedBySystem), value
        assert error is None or ("exact_nl" in error.message and error.remedy)


def _spoilt(field: str, value: Any) -> Callable[[Any], Any]:
    def change(answer: Any) -> Any:
        found = answer["d"]["results"] if isinstance(answer["d"], dict) else answer["d"]
        for row in found:
            row[field] = value
        return answer

    return change


# ---------------------------------------------------------------- clocks and limits


@pytest.mark.parametrize(
    "headers",
    [
        {"Date": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"Date": "Fri, 31 Dec 9999 23:59:59 GMT"},
        {"Date": "yesterday"},
        {"X-RateLimit-Limit": "\xb2", "X-RateLimit-Remaining": "\xb2", "X-RateLimit-Reset": "\xb2"},
        {"X-RateLimit-Limit": "9" * 40, "X-RateLimit-Remaining": "9" * 40, "X-RateLimit-Reset": "9" * 40},
        {"X-RateLimit-Limit": "-1", "X-RateLimit-Remaining": "-1", "X-RateLimit-Reset": "-1"},
        {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4000", "X-RateLimit-Reset": "9999999999999999"},
        {"X-RateLimit-Minutely-Limit": "60", "X-RateLimit-Minutely-Remaining": "0", "X-RateLimit-Minutely-Reset": "1"},
        {"Set-Cookie": "session=1; Domain=.nl", "Content-Location": "http://evil.example/", "Server": "x" * 5000},
        {"Content-Disposition": 'attachment; filename="../../evil"', "Refresh": "0; url=http://evil.example/"},
    ],
    ids=lambda headers: next(iter(headers.items()))[0] + " " + next(iter(headers.items()))[1][:12],
)
def test_headers_that_lie_do_not_stop_the_reading(exact: Stage, headers: dict[str, str]) -> None:
    before = known(exact)
    exact.exact.replies.append(Reply(rows(), path=VENDORS, headers=tuple(headers.items())))
    error = exact.ended(lambda: read_vendors(exact))
    assert error is None
    assert known(exact) == before


def test_a_used_up_day_told_by_a_header_ends_with_the_day(exact: Stage) -> None:
    told = (("X-RateLimit-Limit", "5000"), ("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "9999999999999"))
    exact.exact.replies.append(Reply(rows(), path=VENDORS, headers=told, count=1))
    read_vendors(exact)
    error = exact.ended(lambda: read_vendors(exact))
    _check(error, TryAgain, "calls of this day are used up")
    assert isinstance(error, TryAgain)
    assert (error.after_seconds or 0) <= 86_401
    exact.scene.sandbox.clock.move(86_401)
    assert exact.ended(lambda: read_vendors(exact)) is None


def test_a_listing_without_end_is_left(exact: Stage) -> None:
    """Pages that lead to each other."""
    base = exact.scene.sandbox.addresses()["exact"]
    for here, there in (("1", "2"), ("2", "1")):
        link = f"{base}/api/v1/124132/loop/{there}"
        exact.exact.replies.append(Reply({"d": {"results": [], "__next": link}}, path=f"*/loop/{here}"))
    first = {"d": {"results": [], "__next": f"{base}/api/v1/124132/loop/1"}}
    exact.exact.replies.append(Reply(first, path=VENDORS))
    _check(exact.ended(lambda: read_vendors(exact)), RefusedBySystem, "do not end")
    assert len(exact.exact.calls) < 20
