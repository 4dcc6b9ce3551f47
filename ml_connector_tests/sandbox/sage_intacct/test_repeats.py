"""Exactly once and one at a time: control ids, late commits, roll-back, concurrency, troubles (sage-intacct 5, 8)."""

import threading
import time
from typing import Any

import httpx
import pytest
from lxml import etree

from ml_connector.sandbox.clock import POLL_SECONDS
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.sandbox.sage_intacct.bench import IntacctBench, bill, equal, errors, item, parsed, transaction
from ml_connector_tests.support.waiting import wait_until

RECORDED = "A successful transaction has already been recorded with the control id "
ROLLED_BACK = "The entire transaction in this operation has been rolled back due to an error."


def stored(intacct: IntacctBench, number: str) -> int:
    """How many bills of that number stand in the books."""
    return sum(row.text("RECORDID") == number for row in intacct.state.main.tables["APBILL"])


def results(root: Any) -> list[tuple[str, list[tuple[str, str]]]]:
    return [(one.findtext("status"), errors(one)) for one in root.iter("result")]


def test_an_id_that_completed_is_refused_and_tells_no_key(intacct: IntacctBench) -> None:
    intacct.switch(support_ids=False)
    call = {"unique": True, "ids": ("once-1",)}
    assert intacct.good(bill("ONCE-1"), **call) is not None
    result = intacct.call(bill("ONCE-1"), **call)
    assert errors(result) == [("BL01001973", f"{RECORDED}once-1")]
    assert result.find("key") is None
    assert result.find(".//RECORDNO") is None
    assert stored(intacct, "ONCE-1") == 1
    assert intacct.good(bill("ONCE-1"), ids=("once-1",)) is not None, "without uniqueid it is posted twice"
    assert stored(intacct, "ONCE-1") == 2


def test_uniqueid_holds_when_nothing_is_said_and_for_each_company_by_itself(intacct: IntacctBench) -> None:
    body = intacct.document(bill("DEFAULT-1"), ids=("default-1",)).replace("<uniqueid>false</uniqueid>", "")
    assert intacct.post(body).text.count("already been recorded") == 0
    root = parsed(intacct.post(body))
    assert root.findtext("control/uniqueid") == "true"
    assert RECORDED in errors(root)[0][1]
    assert intacct.good(bill("DEFAULT-1"), ids=("default-1",), unique=True, company="AcmeTest") is not None


def test_a_call_that_failed_may_come_again_with_its_id(intacct: IntacctBench) -> None:
    call = {"unique": True, "ids": ("again-1",)}
    assert intacct.bad(bill("AGAIN-1", vendor="NOBODY"), **call)
    assert intacct.good(bill("AGAIN-1"), **call) is not None


def test_the_control_id_of_the_request_counts_only_where_it_is_switched_so(intacct: IntacctBench) -> None:
    same = {"unique": True, "control_id": "run-42"}
    assert intacct.good(bill("RUN-1"), **same) is not None
    assert intacct.good(bill("RUN-2"), **same) is not None
    intacct.switch(unique_on="both")
    assert intacct.good(bill("RUN-3"), **same) is not None
    assert "run-42" in intacct.bad(bill("RUN-4"), **same)[0][1]
    assert stored(intacct, "RUN-4") == 0


@pytest.mark.parametrize("transaction", [False, True])
def test_one_id_for_two_functions_of_a_request_is_a_repeat(intacct: IntacctBench, transaction: bool) -> None:
    name = f"PAIR-{transaction}"
    root = intacct.ask(bill(name), bill(name), ids=(name, name), unique=True, transaction=transaction)
    assert RECORDED in results(root)[1][1][0][1]
    assert stored(intacct, name) == (0 if transaction else 1)


def test_an_id_can_be_forgotten_after_days(intacct: IntacctBench) -> None:
    intacct.switch(unique_days=1)
    call = {"unique": True, "ids": ("old-1",)}
    assert intacct.good(bill("OLD-1"), **call) is not None
    intacct.clock.move(86_401)
    assert intacct.good(bill("OLD-1"), **call) is not None


def lost(intacct: IntacctBench, body: str) -> None:
    with pytest.raises(httpx.TransportError):
        intacct.post(body)


def test_after_a_reset_the_same_id_says_what_became_of_it(intacct: IntacctBench) -> None:
    call = {"unique": True, "ids": ("reset-1",)}
    body = intacct.document(bill("RESET-1"), **call)
    intacct.fault(kind="reset_before")
    lost(intacct, body)
    assert stored(intacct, "RESET-1") == 0
    intacct.fault(kind="reset_after")
    lost(intacct, body)
    assert RECORDED in intacct.bad(bill("RESET-1"), **call)[0][1]
    assert stored(intacct, "RESET-1") == 1
    intacct.fault(kind="half_written")
    lost(intacct, intacct.document(bill("RESET-2"), unique=True, ids=("reset-2",)))
    assert stored(intacct, "RESET-2") == 1


def test_a_call_that_commits_late_is_concurrent_until_then_and_recorded_afterwards(intacct: IntacctBench) -> None:
    call = {"unique": True, "ids": ("late-1",)}
    intacct.fault(kind="late_commit", seconds=600, real_time=False)
    lost(intacct, intacct.document(bill("LATE-1"), **call))
    assert intacct.rows("APBILL", where=equal("RECORDID", "LATE-1")) == [], "an empty look-up is no proof"
    assert intacct.bad(bill("LATE-1"), **call)[0][1].startswith("Concurrent request in process")
    intacct.clock.move(601)
    settled(intacct)
    assert RECORDED in intacct.bad(bill("LATE-1"), **call)[0][1]
    assert stored(intacct, "LATE-1") == 1


def test_a_call_that_waits_unheard_is_concurrent_for_whoever_asks_again(intacct: IntacctBench) -> None:
    call = {"unique": True, "ids": ("queued-1",)}
    intacct.fault(kind="queued", seconds=600, real_time=False)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(intacct.url, content=intacct.document(bill("QUEUED-1"), **call), timeout=2, trust_env=False)
    assert intacct.bad(bill("QUEUED-1"), **call)[0][1].startswith("Concurrent request in process")
    intacct.clock.move(601)
    wait_until(lambda: stored(intacct, "QUEUED-1"), "the call that waits is carried out")
    assert RECORDED in intacct.bad(bill("QUEUED-1"), **call)[0][1]


def settled(intacct: IntacctBench) -> None:
    """Until no write waits for its late commit."""
    wait_until(lambda: not intacct.sandbox.late_commits(), "the late commits")


def test_a_late_call_whose_session_has_ended_leaves_its_id_free(intacct: IntacctBench) -> None:
    session, url = intacct.session()
    intacct.fault(kind="late_commit", seconds=600, real_time=False)
    with pytest.raises(httpx.TransportError):
        intacct.post(intacct.document(bill("GONE-1"), unique=True, ids=("gone-1",), session=session), url)
    intacct.control.post("/sage_intacct/sessions/end").raise_for_status()
    intacct.clock.move(601)
    settled(intacct)
    assert stored(intacct, "GONE-1") == 0
    assert intacct.good(bill("GONE-1"), unique=True, ids=("gone-1",)) is not None


def test_functions_stand_alone_without_transaction(intacct: IntacctBench) -> None:
    root = intacct.ask(bill("ALONE-1"), bill("ALONE-2", vendor="NOBODY"), bill("ALONE-3"), ids=("a", "b", "c"))
    assert [status for status, _ in results(root)] == ["success", "failure", "success"]
    assert [one.findtext("controlid") for one in root.iter("result")] == ["a", "b", "c"]
    assert (stored(intacct, "ALONE-1"), stored(intacct, "ALONE-3")) == (1, 1)


@pytest.mark.parametrize("spelling", ["failure", "aborted"])
def test_a_transaction_is_all_or_nothing_and_names_the_one_at_fault(intacct: IntacctBench, spelling: str) -> None:
    intacct.switch(rollback=spelling, support_ids=False)
    ids = tuple(f"t-{spelling}-{at}" for at in range(3))
    (order,) = intacct.order(items=["WIDGET1"], lines=1)
    receiver = transaction("PO Receiver", item(quantity="1", key=order["lines"][0]["key"]), source=order["docid"])
    bad = bill(f"T-{spelling}", vendor="NOBODY")
    root = intacct.ask(bill(f"T-{spelling}"), receiver, bad, ids=ids, unique=True, transaction=True)
    (first, second, fault) = results(root)
    assert first == second == ("aborted", [("XL03000009", ROLLED_BACK)])
    assert fault[0] == spelling
    assert fault[1][0] == ("BL01001973", "Invalid Vendor 'NOBODY' specified.")
    assert (fault[1][-1] == ("XL03000009", ROLLED_BACK)) is (spelling == "aborted")
    assert stored(intacct, f"T-{spelling}") == 0
    where = equal("DOCID", order["docid"])
    assert intacct.rows("PODOCUMENT", "STATE", where=where) == [{"STATE": "Pending"}]
    again = intacct.ask(bill(f"T-{spelling}"), receiver, ids=ids[:2], unique=True, transaction=True)
    assert [status for status, _ in results(again)] == ["success", "success"], "the innocent go again unchanged"
    assert intacct.rows("PODOCUMENT", "STATE", where=where)[0]["STATE"] != "Pending"


def test_a_create_of_several_objects_lists_those_that_were_stored(intacct: IntacctBench) -> None:
    inner = [bill(number, vendor=vendor) for number, vendor in (("MANY-1", "V-17"), ("MANY-2", "NOBODY"))]
    call = "<create>" + "".join(one.removeprefix("<create>").removesuffix("</create>") for one in inner) + "</create>"
    result = intacct.call(call)
    assert result.findtext("status") == "failure"
    assert result.find("data").get("count") == "1"
    assert result.findtext("data/apbill/RECORDNO")
    assert stored(intacct, "MANY-1") == 1
    root = intacct.ask(call.replace("MANY-1", "MANY-3"), transaction=True)
    assert results(root)[0][0] == "failure"
    assert stored(intacct, "MANY-3") == 0


def test_one_request_of_a_company_is_at_work_at_a_time_and_others_wait_or_meet_429(intacct: IntacctBench) -> None:
    intacct.switch(work_seconds=0.6, turn_seconds=0.1)
    answers = together(intacct, [intacct.document(bill(f"TURN-{at}")) for at in range(3)])
    refused = [one for one in answers if one.status_code == 429]
    assert 1 <= len(refused) <= 2
    assert {error.findtext("errorno") for one in refused for error in parsed(one).iter("error")} == {"GW-0010"}
    assert [one.tag for one in parsed(refused[0]).find("control")] == ["status"]
    intacct.switch(work_seconds=0.05, turn_seconds=10)
    assert [
        one.status_code for one in together(intacct, [intacct.document(bill(f"WAIT-{at}")) for at in range(3)])
    ] == [200] * 3
    turns = intacct.control.get("/state/sage_intacct/summary").json()["turns"]
    assert turns["most"]["AcmeMfg"] == 1
    assert turns["most_asked"]["AcmeMfg"] >= 2


def test_a_repeat_that_overtakes_its_first_try_is_told_that_it_is_in_process(intacct: IntacctBench) -> None:
    intacct.switch(work_seconds=0.6, turn_seconds=10)
    body = intacct.document(bill("RACE-1"), unique=True, ids=("race-1",))
    texts = sorted("".join(text for _, text in errors(parsed(one))) for one in together(intacct, [body, body]))
    assert texts[0] == ""
    assert texts[1].startswith("Concurrent request in process")
    assert stored(intacct, "RACE-1") == 1


def together(intacct: IntacctBench, bodies: list[str]) -> list[httpx.Response]:
    """The answers of requests that are on the wire at once."""
    answers: list[httpx.Response] = []

    def send(body: str) -> None:
        with httpx.Client(timeout=30, trust_env=False) as client:
            answers.append(client.post(intacct.url, content=body.encode()))

    threads = [threading.Thread(target=send, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def order_trouble(intacct: IntacctBench, kind: str) -> None:
    intacct.control.post("/sage_intacct/trouble", json={"kind": kind}).raise_for_status()


def test_troubles_that_are_ordered_change_nothing_and_pass(intacct: IntacctBench) -> None:
    intacct.switch(support_ids=False)
    session, url = intacct.session()
    call: dict[str, Any] = {"unique": True, "ids": ("trouble-1",), "session": session, "url": url}
    order_trouble(intacct, "passing")
    text = "Could not create Document record!"
    assert intacct.bad(bill("TROUBLE-1"), **call) == [("BL01001973", text), ("XL03000009", ROLLED_BACK)]
    order_trouble(intacct, "concurrent")
    assert intacct.bad(bill("TROUBLE-1"), **call)[0][1] == "Concurrent request in process"
    order_trouble(intacct, "rolled_back")
    assert intacct.bad(bill("TROUBLE-1"), **call) == [("XL03000009", ROLLED_BACK)]
    order_trouble(intacct, "rate")
    assert intacct.post(intacct.document(bill("TROUBLE-1"))).status_code == 429
    assert stored(intacct, "TROUBLE-1") == 0
    assert intacct.good(bill("TROUBLE-1"), **call) is not None
    order_trouble(intacct, "dead_session")
    assert "Invalid session" in errors(intacct.ask(bill("TROUBLE-2"), session=session, url=url))[0][1]
    assert intacct.control.post("/sage_intacct/trouble", json={"kind": "weather"}).status_code == 400


def test_troubles_can_be_drawn_for_a_share_of_the_requests(intacct: IntacctBench) -> None:
    intacct.switch(trouble_shares={"passing": 1.0})
    assert intacct.bad(bill("SHARE-1"))
    assert intacct.rows("VENDOR"), "a read cannot meet it"


def test_the_proxy_in_front_answers_with_a_page(intacct: IntacctBench) -> None:
    intacct.fault(kind="status", status=524)
    answer = intacct.post(intacct.document(bill("PAGE-1")))
    assert (answer.status_code, answer.headers["content-type"]) == (524, "text/html; charset=utf-8")
    intacct.fault(kind="error_after", status=502)
    assert intacct.post(intacct.document(bill("PAGE-2"))).status_code == 502
    assert (stored(intacct, "PAGE-1"), stored(intacct, "PAGE-2")) == (0, 1)
    intacct.fault(kind="status", status=429)
    assert errors(parsed(intacct.post(intacct.document(bill("PAGE-1"))))) == [("GW-0010", "")]
    intacct.fault(kind="html")
    assert "<html>" in intacct.post(intacct.document(bill("PAGE-1"))).text


class PlainClient:
    """Sends a call until it knows what became of it, as section 5 of the sheet says: nothing else."""

    def __init__(self, intacct: IntacctBench) -> None:
        self.intacct = intacct
        self.session, self.url = "", ""
        self.met: set[str] = set()

    def once(self, call: str, name: str) -> None:
        """Until it is done or known to have been done, with one id."""
        for _ in range(40):
            answer = self.send(call, name)
            if answer == "done":
                return
            self.met.add(answer)
            if answer == "concurrent":
                self.intacct.clock.move(4)
                time.sleep(3 * POLL_SECONDS)  # until the stand-in has looked at its clock again
        raise AssertionError(f"{name} never came to an end")

    def send(self, call: str, name: str) -> str:
        body = self.intacct.document(call, unique=True, ids=(name,), session=self.session)
        try:
            answer = self.intacct.post(body, self.url)
        except httpx.TransportError:
            return "lost"
        if "xml" not in answer.headers["content-type"] or answer.status_code != 200:
            return f"page or {answer.status_code}"
        root = parsed(answer)
        if root.find("operation/result") is None:
            self.session, self.url = self.log_in()
            return "dead session"
        text = "".join(text for _, text in errors(root))
        if not text or RECORDED in text:
            return "done"
        return "concurrent" if "Concurrent" in text else "passing"

    def log_in(self) -> tuple[str, str]:
        for _ in range(40):
            try:
                return self.intacct.session()
            except (httpx.TransportError, AssertionError, etree.XMLSyntaxError):
                continue
        raise AssertionError("no session")


def test_whoever_follows_the_sheet_posts_each_document_once_whatever_goes_wrong(fresh: IntacctBench) -> None:
    patterns = [
        Fault(FaultKind.RESET_BEFORE), Fault(FaultKind.RESET_AFTER), Fault(FaultKind.HALF_WRITTEN),
        Fault(FaultKind.LATE_COMMIT, seconds=3, real_time=False), Fault(FaultKind.ERROR_AFTER, status=502),
        Fault(FaultKind.STATUS, status=429), Fault(FaultKind.HTML),
    ]  # fmt: skip
    shares = {"passing": 0.05, "concurrent": 0.05, "rolled_back": 0.05, "dead_session": 0.05, "rate": 0.05}
    orders = fresh.order(15, items=["WIDGET1"], lines=1)
    fresh.sandbox.call(fresh.sandbox.faults.mix, "sage_intacct", 0.3, patterns)
    fresh.switch(trouble_shares=shares)
    client = PlainClient(fresh)
    client.session, client.url = client.log_in()
    for at in range(45):
        client.once(bill(f"EACH-{at}"), f"bill-{at}")
    for order in orders:
        line = order["lines"][0]
        call = transaction("PO Receiver", item(quantity=line["quantity"], key=line["key"]), source=order["docid"])
        client.once(call, f"receiver {order['docid']}")
    fresh.sandbox.faults.clear()
    fresh.clock.move(10)
    settled(fresh)
    assert {"lost", "concurrent", "passing", "dead session"} <= client.met
    assert len([row for row in fresh.state.main.tables["APBILL"] if row.text("RECORDID").startswith("EACH-")]) == 45
    documents = [row.text("DOCPARID") for row in fresh.state.main.tables["PODOCUMENT"]]
    assert documents.count("PO Receiver") == 15
    assert [row.text("STATE") for row in fresh.state.main.tables["PODOCUMENT"]][:15] == ["Converted"] * 15
