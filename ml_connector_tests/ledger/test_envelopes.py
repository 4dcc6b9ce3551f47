"""Envelopes: control numbers in their scopes, and which answer belongs to which group."""

import hashlib
from datetime import timedelta
from typing import Any

from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import envelopes, files
from ml_connector.ledger.exchange.envelopes import NewGroup, NewInterchange, SentTo
from ml_connector_tests.ledger.test_files import new_file
from ml_connector_tests.support.clocks import StillClock


def _file(ledger: Ledger, remote_id: str, direction: str = "in") -> int:
    with ledger.write() as tx:
        sha256 = files.put_blob(tx, remote_id.encode())
        return files.add_file(tx, new_file(sha256, remote_id=remote_id, direction=direction))


def _interchange(
    ledger: Ledger, file_id: int, number: str, *, state: str = "accepted", direction: str = "in", to: str = "ZZ/US"
) -> int:
    with ledger.write() as tx:
        return envelopes.add_interchange(
            tx,
            NewInterchange(
                file_id, 0, direction, "exact_cleo", "ZZ/ACME", to, number, "00401", "P", state, partner="acme"
            ),
        )


def _group(ledger: Ledger, interchange: int, number: int, *, direction: str = "out", functional: str = "PO") -> int:
    with ledger.write() as tx:
        return envelopes.add_group(
            tx, NewGroup(interchange, 0, direction, "exact_cleo", functional, number, "004010", partner="acme")
        )


def _seen(ledger: Ledger, number: str, **options: Any) -> int | None:
    options.setdefault("integration", "exact_cleo")
    options = {"by": "ZZ/ACME", "to": "ZZ/US", **options}
    with ledger.read() as tx:
        found = envelopes.seen_control_number(tx, options.pop("by"), options.pop("to"), number, **options)
    return None if found is None else found.file_id


def test_a_control_number_counts_once_between_two_parties(ledger: Ledger, clock: StillClock) -> None:
    """edi-operations 5: unique for sender and receiver, within a window of days."""
    first = _file(ledger, "1")
    _interchange(ledger, first, "000000001")
    assert _seen(ledger, "000000001") == first
    assert _seen(ledger, "000000002") is None
    assert _seen(ledger, "000000001", other_than_file=first) is None
    assert _seen(ledger, "000000001", direction="out") is None
    assert _seen(ledger, "000000001", by="ZZ/OTHER") is None
    assert _seen(ledger, "000000001", integration="other") is None
    clock.move(86_400 * 400)
    assert _seen(ledger, "000000001", since=clock.now() - timedelta(days=365)) is None


def test_a_number_is_known_whatever_integration_reads_it(ledger: Ledger) -> None:
    """By the network that it came by, and by its very bytes; what another integration holds may not be its own."""
    first = _file(ledger, "1")
    _interchange(ledger, first, "000000001")
    sha256 = hashlib.sha256(b"1").hexdigest()
    other = {"integration": "other"}
    assert _seen(ledger, "000000001", **other, connection="cleo_prod") == first
    assert _seen(ledger, "000000001", **other, connection="cleo_two") is None
    assert _seen(ledger, "000000001", **other, connection="cleo_two", sha256=sha256) == first
    assert _seen(ledger, "000000001", **other, sha256=sha256, to="ZZ/THEM") is None
    held = _file(ledger, "2")
    _interchange(ledger, held, "000000002", state="held")
    assert _seen(ledger, "000000002", **other, connection="cleo_prod") is None
    assert _seen(ledger, "000000002") == held


def test_repeats_do_not_hide_the_first(ledger: Ledger) -> None:
    first = _file(ledger, "1")
    _interchange(ledger, first, "000000001")
    _interchange(ledger, _file(ledger, "2"), "000000001", state="repeated")
    assert _seen(ledger, "000000001") == first


def test_a_second_try_finds_what_the_first_added(ledger: Ledger) -> None:
    file_id = _file(ledger, "1")
    interchange = _interchange(ledger, file_id, "000000001")
    assert _interchange(ledger, file_id, "000000001") == interchange
    group = _group(ledger, interchange, 7)
    assert _group(ledger, interchange, 7) == group


def test_ends_are_recorded(ledger: Ledger) -> None:
    file_id = _file(ledger, "1")
    interchange = _interchange(ledger, file_id, "000000001")
    group = _group(ledger, interchange, 7, direction="in", functional="IN")
    with ledger.write() as tx:
        envelopes.end_groups(tx, [envelopes.GroupEnd(group, 3, 3, 2, [{"code": "5"}])])
        envelopes.end_interchanges(tx, [envelopes.InterchangeEnd(interchange, "rejected", [{"code": "021"}])])
        row = envelopes.group(tx, group)
        whole = envelopes.interchange_row(tx, interchange)
    assert row is not None
    assert whole is not None
    assert (row.sets_announced, row.sets_received, row.sets_accepted, row.findings) == (3, 3, 2, [{"code": "5"}])
    assert (whole.state, whole.findings) == ("rejected", [{"code": "021"}])


def test_an_acknowledgment_finds_the_newest_group_of_its_number(ledger: Ledger) -> None:
    """Numbers come round after 999,999,999; AK1 names functional id and number, nothing else counts."""
    groups = []
    for name in ("1", "2"):
        interchange = _interchange(ledger, _file(ledger, name, "out"), f"00000000{name}", direction="out")
        groups.append(_group(ledger, interchange, 7))
    with ledger.read() as tx:
        found = envelopes.find_sent_group(tx, SentTo(["exact_cleo"], ["acme"]), "PO", 7)
        assert envelopes.find_sent_group(tx, SentTo(["exact_cleo"], ["acme"]), "IN", 7) is None
        assert envelopes.find_sent_group(tx, SentTo(["exact_cleo"], ["northwind"]), "PO", 7) is None
        to_us = SentTo(["exact_cleo"], ["northwind", "acme"], receivers=["ZZ/US"])
        assert envelopes.find_sent_group(tx, to_us, "PO", 7) == found, "a name is a label"
        assert envelopes.find_sent_group(tx, SentTo(["exact_cleo"], ["acme"], others=["ZZ/US"]), "PO", 7) is None
        assert envelopes.find_sent_group(tx, SentTo(["exact_cleo"], ["acme"]), "PO", 8) is None
        sent = envelopes.find_sent_interchanges(tx, SentTo(["exact_cleo"], ["acme"]), "000000002")
        assert envelopes.find_sent_interchanges(tx, SentTo(["exact_cleo"], ["acme"]), "000000009") == []
    assert found is not None
    assert found.id == groups[1]
    assert [one.control_number for one in sent] == ["000000002"]


def test_of_one_number_an_answer_means_what_went_to_the_identity_that_answers(ledger: Ledger) -> None:
    """A partner that was tested under another identity has had each number twice."""
    ids: dict[str, tuple[int, int]] = {}
    for at, receiver in enumerate(("ZZ/ACMETEST", "ZZ/ACME"), 1):
        interchange = _interchange(ledger, _file(ledger, str(at), "out"), "000000007", direction="out", to=receiver)
        ids[receiver] = (interchange, _group(ledger, interchange, 7))
    to = SentTo(["exact_cleo"], ["acme"])
    for by, meant in (("ZZ/ACMETEST", "ZZ/ACMETEST"), ("ZZ/ACME", "ZZ/ACME"), ("ZZ/ELSE", "ZZ/ACME"), ("", "ZZ/ACME")):
        with ledger.read() as tx:
            group = envelopes.find_sent_group(tx, to, "PO", 7, by)
            interchanges = envelopes.find_sent_interchanges(tx, to, "000000007", by)
        assert (interchanges[0].id, group.id if group else None) == ids[meant], by
        assert len(interchanges) == 2


def test_an_answer_is_kept_with_the_group_that_it_answers(ledger: Ledger, clock: StillClock) -> None:
    interchange = _interchange(ledger, _file(ledger, "1", "out"), "000000001", direction="out")
    group = _group(ledger, interchange, 7)
    clock.move(60)
    with ledger.write() as tx:
        envelopes.answer_group(tx, group, "A", document_id=None, accepted=1)
        row = envelopes.group(tx, group)
        assert envelopes.group(tx, 99) is None
    assert row is not None
    assert (row.answer, row.answered_at, row.sets_accepted) == ("A", clock.now(), 1)
