"""Invoices, credits, ship notices, acknowledgments of every kind at random, tried and then run: what a try says of each
is what the run does, and what becomes of the orders they answer too.
"""

import json
import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ml_connector.flows.posting.postings import operation_key
from ml_connector.flows.reference.syncing import refresh_orders
from ml_connector.ledger.tables.documents import envelope_group, interchange, operation
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.trying.results import NO_KEY
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.flows.scenes import UNITS, Scene, scene
from ml_connector_tests.flows.test_files_end_to_end import deliver
from ml_connector_tests.flows.test_sending import SILENT
from ml_connector_tests.hostile.interchanges import Envelope, Invoice

FILES, EACH = 3, 14
#: Ids of the ledger are the run's own.
_IDS = re.compile(r"\bdocument \d+")
_ID_FACTS = frozenset({"document", "earlier_document", "taken_back_by", "received_as", "posted_as", "by", "of"})
Order = Mapping[str, Any]


def an_invoice(rng: random.Random, order: Order, number: str, envelope: Envelope) -> bytes:
    odd = rng.random() < 0.4
    invoice = Invoice(
        number,
        order,
        type=rng.choice(["DI", "CR", "CO", "ME", "CE", "ZZ"]) if odd else "DI",
        total=rng.choice([None, "100", "0"]) if odd else None,
        extra=tuple(rng.choice([(), ("SAC*C*D240***500",), ("REF*OI*N-1",)]) if odd else ()),
        envelope=envelope,
    )
    data = invoice.bytes()
    return data.replace(b"*00~", b"*05~", 1) if rng.random() < 0.1 else data


def a_notice(rng: random.Random, order: Order, number: str, envelope: Envelope) -> bytes:
    odd = rng.random() < 0.5
    purpose = rng.choice(["00", "01", "04", "05", "07", "15", "14", "ZZ"]) if odd else "00"
    kind = rng.choice(["", "*AS", "*RE"]) if odd else ""
    levels = [
        "HL*1**S",
        *rng.choice([[], ["DTM*011*20261121"], ["N1*SF*X*92*77"]]),
        "HL*2*1*O",
        f"PRF*{order['number']}",
    ]
    for at, line in enumerate(order["lines"][: rng.randint(1, 3)], 3):
        quantity = rng.choice([1, 2, 0, 500]) if odd else 1
        said = rng.choice(["", str(line["number"])])
        status = rng.choice(["", "*****IQ", "*****IB"]) if odd else ""
        unit = UNITS[line["unit"]]
        levels += [f"HL*{at}*2*I", f"LIN*{said}*VP*{line['supplier_item']}", f"SN1**{quantity}*{unit}{status}"]
    count = sum(one.startswith("HL*") for one in levels)
    ctt = f"CTT*{count + (rng.random() < 0.1)}"
    body = ["ST*856*0001", f"BSN*{purpose}*{number}*20261121*0900*0004{kind}", *levels, ctt]
    return Envelope(functional_id="SH", control=envelope.control).wrapped([[*body, f"SE*{len(body) + 1}*0001"]])


def an_acknowledgment(rng: random.Random, order: Order, number: str, envelope: Envelope) -> bytes:
    purpose, kind = rng.choice([("00", "AC"), ("00", "AD"), ("00", "RD"), ("01", "AC"), ("00", "ZZ"), ("22", "AC")])
    body = ["ST*855*0001", f"BAK*{purpose}*{kind}*{order['number']}*20261121****{number}*20261121"]
    for line in order["lines"]:
        status, less = rng.choice([("IA", 0), ("IQ", 1), ("IR", 0), ("DR", 0), ("ZZ", 0)])
        unit = UNITS[line["unit"]]
        body += [
            f"PO1*{line['number']}*{line['quantity']}*{unit}*{line['price']}*PE*VP*{line['supplier_item']}",
            f"ACK*{status}*{line['quantity'] - less}*{unit}",
        ]
    return Envelope(functional_id="PR", control=envelope.control).wrapped([[*body, f"SE*{len(body) + 1}*0001"]])


def an_answer(rng: random.Random, sent: tuple[int, str], envelope: Envelope) -> bytes:
    """A 997, 824 or TA1 about a group of ours. sent: its number, and that of its interchange."""
    group, control = sent
    if rng.random() < 0.25:
        ta1 = f"TA1*{control}*261121*0900*{rng.choice('AER')}*{rng.choice(['000', '024'])}"
        head, behind = Envelope(functional_id="FA", control=envelope.control).wrapped([]).split(b"~GS*", 1)
        return head + b"~" + ta1.encode() + b"~" + behind[behind.index(b"IEA*") :].replace(b"IEA*1", b"IEA*0")
    if rng.random() < 0.35:
        body = [
            "ST*824*0001",
            f"BGN*00*ADV-{group}*20261121",
            f"OTI*{rng.choice(['TA', 'TR', 'TE', 'ZZ'])}*PO*X*****{group}",
        ]
        functional = "AG"
    else:
        code = rng.choice("AAEPR")
        named = [f"AK2*850*{rng.choice(['0001', '0001', '0009'])}", f"AK5*{rng.choice('AER')}"]
        ak9 = f"AK9*{code}*1*1*{int(code in 'AE')}"
        body = ["ST*997*0001", f"AK1*PO*{group}", *(named if rng.random() < 0.7 else ()), ak9]
        functional = "FA"
    return Envelope(functional_id=functional, control=envelope.control).wrapped([[*body, f"SE*{len(body) + 1}*0001"]])


def made(rng: random.Random, stage: Scene, open_orders: Sequence[Order], received: Sequence[Order]) -> list[bytes]:
    """Files of interchanges, a document each; numbers come again now and then."""
    groups = sent_groups(stage)
    files = []
    for file in range(FILES):
        found = []
        for at in range(EACH):
            envelope = Envelope(control=9000 + file * 100 + at)
            number = f"N-{rng.randint(1, 12)}"
            kind = rng.choice([an_invoice, a_notice, a_notice, an_acknowledgment, None])
            if kind is None:
                found.append(an_answer(rng, rng.choice(groups), envelope))
            else:
                order = rng.choice(received if kind is an_invoice else open_orders)
                found.append(kind(rng, order, number, envelope))
        files.append(b"".join(found))
    return files


def sent_groups(stage: Scene) -> list[tuple[int, str]]:
    g, i = envelope_group.c, interchange.c
    query = sa.select(g.control_number, i.control_number.label("of")).join_from(
        envelope_group, interchange, g.interchange_id == i.id
    )
    with stage.deployment.ledger.read() as tx:
        found = tx.execute(query.where(g.direction == "out", g.functional_id == "PO")).all()
    return [(row[0], row[1]) for row in found]


def ran(stage: Scene, row: DocumentRow) -> dict[str, Any]:
    """What a run made of a document, as a try tells it."""
    with stage.deployment.ledger.read() as tx:
        query = operation.select().where(operation.c.document_id == row.id).order_by(operation.c.position)
        writes = [
            (one["target"], one["payload"].replace(operation_key(row), NO_KEY)) for one in tx.execute(query).mappings()
        ]
    told = row.reason_detail or {}
    return {
        "kind": str(row.kind),
        "number": row.number,
        "state": str(row.state),
        "reason": row.reason,
        "message": _IDS.sub("document", told.get("message", "")),
        "data": plain(told.get("data", {})),
        "work": plain(json.loads(row.work)) if row.work and row.work.strip() else None,
        "writes": writes,
    }


def tried(one: Mapping[str, Any]) -> dict[str, Any]:
    reason = one["reason"] or {}
    return {
        "kind": one["kind"],
        "number": one["number"],
        "state": one["state"],
        "reason": reason.get("code"),
        "message": _IDS.sub("document", reason.get("message", "")),
        "data": plain(reason.get("data", {})),
        "work": plain(one["work"]),
        "writes": [(write["target"], write["payload"]) for write in one["writes"]],
    }


def plain(value: Any) -> Any:
    """Facts without ids, which are the ledger's or the ERP's own."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items() if key not in _ID_FACTS}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return _IDS.sub("document", value) if isinstance(value, str) else value


@pytest.mark.parametrize("seed", [1, 2])
def test_a_run_does_what_a_try_said(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    with scene(tmp_path / "home") as stage:
        stage.world.behave("NORTHWIND", SILENT)
        open_orders = stage.orders(6, received=False, seed=seed)
        stage.outbound()
        received = stage.orders(5, seed=seed + 10)
        refresh_orders(stage.integration)
        files = made(rng, stage, open_orders, received)
        paths = []
        for at, data in enumerate(files):
            paths.append(tmp_path / f"{at}.edi")
            paths[-1].write_bytes(data)
        said = say("try", *paths, "--json").json
        before = {row.id for row in stage.documents()}
        for path in paths:
            deliver(stage, path.read_bytes(), path.name)
            stage.inbound()
        documents = sorted(stage.documents(), key=lambda row: row.id)
        came = [row for row in documents if row.direction == "in"]
        assert [tried(one) for one in said["documents"]] == [ran(stage, row) for row in came]
        after = {one["document"]: one["after"] for one in said["effects"]}
        sent = [row for row in documents if row.id in before and row.direction == "out"]
        assert {row.id: after.get(row.id, "sent") for row in sent} == {row.id: str(row.state) for row in sent}
        assert {"posted", "applied", "quarantined"} <= {one["state"] for one in said["documents"]}
