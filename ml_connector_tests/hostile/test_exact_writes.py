"""Whatever comes back for a posted invoice: it stands in the books once in the end, or is held with what was said."""

from typing import Any

import pytest

from ml_connector.clock import FileClock
from ml_connector_tests.hostile.interchanges import Invoice
from ml_connector_tests.hostile.stage import Reply, Stage

INVOICES = "*/purchase/PurchaseInvoices"
GUID = "11111111-2222-3333-4444-555555555555"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits put the scene's clock forward."""
    monkeypatch.setattr(FileClock, "sleep", lambda self, seconds: self.move(max(seconds, 0.001)))


@pytest.fixture
def exact(clean: Stage) -> Stage:
    clean.forget_limits()
    clean.scene.sandbox.clock.move(3700)
    return clean


def _amount(value: Any) -> Any:
    return lambda answer: {"d": {**answer["d"], "Amount": value}}


#: id -> the answer, whether the invoice was written, the state it leads to, words of what is said meanwhile
WRITES: dict[str, tuple[Reply, bool, str, str]] = {
    "html and written": (Reply(b"<html>", content_type="text/html"), True, "unknown_outcome", "an HTML page"),
    "html and not written": (Reply(b"<html>", content_type="text/html"), False, "unknown_outcome", "an HTML page"),
    "nothing and written": (Reply(b"", status=201), True, "unknown_outcome", "without the record"),
    "no content and written": (Reply(b"", status=204), True, "unknown_outcome", "204"),
    "deep json and written": (Reply(b"[" * 10_000), True, "unknown_outcome", "nested deeper"),
    "60 MB and written": (Reply(b" " * 60_000_000), True, "unknown_outcome", "more than 50000000 bytes"),
    "two records": (Reply({"d": [{"ID": GUID}, {"ID": GUID}]}), True, "unknown_outcome", "without the record"),
    "no id": (Reply({"d": {"EntryNumber": 1}}, status=201), True, "unknown_outcome", "readable record"),
    "id is a path": (Reply({"d": {"ID": "../../x"}}, status=201), True, "unknown_outcome", "readable record"),
    "id is endless": (Reply({"d": {"ID": "x" * 5000}}, status=201), True, "unknown_outcome", "readable record"),
    "amount is NaN": (Reply(change=_amount("NaN")), True, "unknown_outcome", "readable record"),
    "amount is an object": (Reply(change=_amount({"x": 1})), True, "unknown_outcome", "readable record"),
    "amount is huge": (Reply(change=_amount(10**58)), True, "unknown_outcome", "readable record"),
    "amount is another": (Reply(change=_amount(1)), True, "posted", ""),
    "redirect and written": (
        Reply(status=302, headers=(("Location", "http://evil.example/"),)),
        True,
        "unknown_outcome",
        "302",
    ),
    "500 page and written": (Reply(b"<html>", status=500, content_type="text/html"), True, "unknown_outcome", "500"),
    "502 and not written": (Reply(b"", status=502), False, "unknown_outcome", "502"),
    "business refusal": (
        Reply({"error": {"message": {"value": "Bearer AAEAx; period <b>closed</b>\x1b[2J\r\nno"}}}, status=500),
        False,
        "quarantined",
        "Exact refused it",
    ),
    "400 of html": (Reply(b"<html>", status=400, content_type="text/html"), False, "quarantined", "HTML page"),
    "413": (Reply(b"", status=413), False, "quarantined", "413"),
    "429 for 30 years": (Reply(status=429, headers=(("Retry-After", "999999999"),)), False, "posting", ""),
    "429 for a superscript": (Reply(status=429, headers=(("Retry-After", "\xb2"),)), False, "posting", ""),
    "403": (Reply(b"", status=403, headers=(("Reason", "LicenseExpired"),)), False, "posting", ""),
    "401 for ever": (Reply(b"", status=401), False, "posting", ""),
}


@pytest.mark.parametrize("name", WRITES)
def test_an_invoice_is_posted_once_whatever_is_answered(exact: Stage, name: str) -> None:
    reply, effect, state, words = WRITES[name]
    reply.path, reply.method, reply.effect = INVOICES, "POST", effect
    (order,) = exact.scene.orders(1)
    number = f"W-{list(WRITES).index(name)}"
    remote_id = exact.deliver(f"{name}.edi", Invoice(number, order).bytes())
    exact.exact.replies.append(reply)
    error = exact.ended(exact.inbound)
    assert error is None or error.remedy
    assert reply.played > 0
    (row,) = exact.documents(remote_id)
    assert row["state"] == state, row["reason_detail"]
    if words:
        assert words in row["reason_detail"]["message"]
        assert row["reason_detail"]["mend"]
        assert row["reason_detail"]["message"].isprintable()
    exact.reset()
    _settle(exact)
    (row,) = exact.documents(remote_id)
    booked = [invoice for invoice in exact.scene.posted() if invoice["YourRef"] == number]
    if state == "quarantined":
        assert (row["state"], booked) == ("quarantined", [])
    else:
        assert (row["state"], len(booked)) == ("posted", 1)


def _settle(stage: Stage) -> None:
    """Run until everything that can be known is known."""
    for seconds in (70, 70, 3700, 86_500):
        stage.scene.sandbox.clock.move(seconds)
        stage.forget_limits()
        stage.inbound()
