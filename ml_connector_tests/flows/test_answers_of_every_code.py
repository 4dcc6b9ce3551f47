"""Acknowledgments of every code, made at random, through the flow with write-back on: nothing is written to an order
and none is taken for accepted that its codes do not plainly ask for. What is right is told by `answer_oracle`.
"""

import json
import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.exact.wire.wire import day_of
from ml_connector_tests.flows import answer_oracle as oracle
from ml_connector_tests.flows.answer_oracle import Line, Part
from ml_connector_tests.flows.scenes import UNITS, Scene, scene
from ml_connector_tests.flows.test_files_end_to_end import deliver
from ml_connector_tests.flows.test_sending import SILENT
from ml_connector_tests.flows.test_write_back import lines as lines_in_exact
from ml_connector_tests.flows.test_write_back import set_write_back
from ml_connector_tests.hostile.interchanges import Envelope

ORDERS = 90
QUALIFIERS = ("067", "067", "017", "002", "068", "010", "")


@dataclass
class Case:
    """An order, what its acknowledgment says of each line (None: left out), and the segments that say it."""

    order: dict[str, Any]
    before: list[dict[str, Any]]
    purpose: str
    kind: str
    said: list[Line | None]
    segments: list[str]


def part(rng: random.Random, status: str, quantity: Decimal, unit: str, wanted: date) -> Part:
    """One ACK: mostly as people send them, sometimes with another unit, without a quantity, or with another day."""
    day = rng.choice((None, wanted, wanted + timedelta(days=rng.randint(1, 9)), wanted - timedelta(days=2)))
    qualifier = "" if day is None else rng.choice(QUALIFIERS)
    without = rng.random() < 0.08
    return Part(
        status,
        None if without else quantity,
        "" if without else rng.choice((unit, unit, unit, unit, "CS")),
        qualifier,
        day,
    )


def line(rng: random.Random, before: dict[str, Any], unit: str) -> Line | None:
    if rng.random() < 0.1:
        return None
    ordered, price = before["QuantityInPurchaseUnits"], before["NetPrice"]
    wanted = day_of(before["ReceiptDate"])
    favoured = ("IQ", "IC", "IA", "DR")
    status = rng.choice(favoured if rng.random() < 0.6 else oracle.STATUSES)
    confirmed = rng.choice((ordered, ordered - 1, Decimal(max(1, int(ordered) // 2)), ordered + 1, Decimal(0)))
    parts: tuple[Part, ...] = (part(rng, status, confirmed, unit, wanted),)
    shape = rng.random()
    if shape < 0.15:
        parts = ()
    elif shape < 0.4:
        other = rng.choice(favoured if rng.random() < 0.6 else oracle.STATUSES)
        first = Decimal(int(ordered) // 2)
        parts = (
            part(rng, status, first, unit, wanted),
            part(rng, other, rng.choice((ordered - first, Decimal(1))), unit, wanted),
        )
    return Line(
        ordered=ordered,
        unit=unit,
        price=price,
        wanted=wanted,
        repeated=rng.choice((ordered, ordered, ordered, ordered, ordered - 1)),
        said_unit=rng.choice((unit, unit, unit, unit, unit, "CS")),
        said_price=rng.choice((price, price, price, price, price + 1)),
        parts=parts,
    )


def segments(number: str, at: int, said: Line, item: str) -> list[str]:
    acks = []
    for one in said.parts:
        ack = ["ACK", one.status, "" if one.quantity is None else str(one.quantity), one.unit]
        ack += [one.qualifier, "" if one.day is None else one.day.strftime("%Y%m%d")] if one.day else []
        acks.append("*".join(ack).rstrip("*"))
    return [f"PO1*{at}*{said.repeated}*{said.said_unit}*{said.said_price}*PE*VP*{item}", *acks]


def case(rng: random.Random, stage: Scene, order: dict[str, Any]) -> Case:
    before = lines_in_exact(stage, order)
    usual = rng.random() < 0.6
    purpose = "00" if usual else rng.choice((*oracle.PURPOSES, "01", "07", "22"))
    kind = rng.choice(("AC", "AE") if usual else oracle.TYPES)
    units = [UNITS[one["unit"]] for one in order["lines"]]
    said = [line(rng, one, unit) for one, unit in zip(before, units, strict=True)]
    body = [f"BAK*{purpose}*{kind}*{order['number']}*20261121****S-1*20261121"]
    for at, (one, facts) in enumerate(zip(said, order["lines"], strict=True), 1):
        body += segments(order["number"], at, one, facts["supplier_item"]) if one is not None else []
    return Case(order, before, purpose, kind, said, body)


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_written_or_accepted_that_is_not_plainly_said(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    with scene(tmp_path / "home") as stage:
        stage.world.behave("NORTHWIND", SILENT)
        set_write_back(stage)
        orders = stage.orders(ORDERS, received=False, seed=seed)
        stage.outbound()
        cases = [case(rng, stage, dict(order)) for order in orders]
        sets = []
        for number, one in enumerate(cases, 1):
            body = [f"ST*855*{number:04d}", *one.segments]
            sets.append([*body, f"SE*{len(body) + 1}*{number:04d}"])
        deliver(stage, Envelope(functional_id="PR").wrapped(sets), "all.edi")
        stage.inbound()
        answers = {row.number: row for row in stage.documents("acknowledgments_in")}
        assert len(answers) == ORDERS
        wrong = [told for one in cases for told in problems(stage, one, answers[one.order["number"]])]
        assert wrong == []
        written = sum(1 for write in stage.sandbox.journal.writes if write.kind == "PurchaseOrderLines changed")
        assert written > 10, "the cases reach what is written"


def problems(stage: Scene, one: Case, row: Any) -> list[str]:
    """Where what was done differs from what is plainly said."""
    spoken = [line for line in one.said if line is not None]
    read = oracle.document_is_read(one.purpose, one.kind, spoken)
    after = lines_in_exact(stage, one.order)
    found = []
    right = [oracle.plain(one.kind, line, date(2026, 11, 21)) for line in one.said]
    for at, (was, now, plain) in enumerate(zip(one.before, after, right, strict=True), 1):
        wanted = (plain.quantity, plain.day) if read else (None, None)
        done = (
            now["QuantityInPurchaseUnits"]
            if now["QuantityInPurchaseUnits"] != was["QuantityInPurchaseUnits"]
            else None,
            day_of(now["ReceiptDate"]) if now["ReceiptDate"] != was["ReceiptDate"] else None,
        )
        if done != wanted:
            found.append(f"line {at}: {done} was written, {wanted} is right: {one.segments}")
        if now["NetPrice"] != was["NetPrice"]:
            found.append(f"line {at}: the price was written: {one.segments}")
    if read and row.state is not S.APPLIED:
        found.append(f"{row.state} {row.reason}: {one.segments}")
    if not read and one.purpose in ("07", "22") and (row.state, row.reason) != (S.QUARANTINED, "answer_not_decided"):
        found.append(f"{row.state} {row.reason}: {one.segments}")
    if not read and one.purpose == "01" and row.reason != "order_taken_back":
        found.append(f"{row.state} {row.reason}: {one.segments}")
    open_ = any(plain.open for plain in right)
    if read and open_ and not json.loads(row.work or "{}").get("act"):
        found.append(f"nobody is told: {one.segments} {row.work}")
    return found
