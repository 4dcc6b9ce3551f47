"""Bar 4: a coverage-guided fuzzer over the X12 reader.

    pip install atheris==3.0.0    (the dependency group "fuzz")
    python -m benchmarks.edi_fuzz --executions 1000000

The input is a list of edits to one interchange; another, which is never touched, stands before or behind it. It fails
on any exception but SenderMustCorrect, on a run of more than ten seconds of processor time, and on another value in a
set
that no edit touched. What is worth keeping of the inputs goes into --corpus; the counts reached are printed at the end.
"""

import argparse
import importlib
import json
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

#: A run of one input that takes more processor time than this is a hang.
HANG_SECONDS = 10


class Target:
    """Reads one damaged file and checks what must hold of it. Counts what it did."""

    def __init__(self) -> None:
        from ml_connector.edi.closed import setpattern
        from ml_connector_tests.edi.odd import Style, spell

        learned, setpattern.PAYS_AFTER = setpattern.PAYS_AFTER, 0
        styles = [
            Style(suffixes=("\n",)),
            Style(element="|", component=":", terminator="'", version="005010", isa_version="00501"),
            Style(terminator="\n", header="trimmed", trailing_elements=1, seed=5),
            Style(element="~", terminator="\\", component="<", indents=("  ",), services=True, ta1=True),
        ]
        kinds = ("850", "855", "856", "860", "865", "810", "820", "824", "997")
        self._guard = spell(Style(control=900), ("860",))
        self._files = [spell(style, (kind,)) for kind in kinds for style in styles]
        self._wanted = self._documents(self._guard)
        for data in self._files:
            for _ in range(3):
                self._documents(data)
        # separators that an edit makes are no sender's: no patterns for them
        setpattern.PAYS_AFTER = learned
        self.executions = 0
        self.refused = 0
        self.sets = 0
        self.began = time.monotonic()
        self.longest = 0.0

    def _documents(self, data: bytes) -> list[Any]:
        from ml_connector.edi.interchange import ReceivedSet, read_interchanges

        return [item.document for item in read_interchanges(data) if isinstance(item, ReceivedSet)]

    def __call__(self, data: bytes) -> None:
        """One input of the fuzzer: its first byte chooses file and mode, the rest are edits of six bytes each."""
        self.executions += 1
        began = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, HANG_SECONDS)
        self._run(data)
        signal.setitimer(signal.ITIMER_PROF, 0)
        self.longest = max(self.longest, time.process_time() - began)

    def _run(self, data: bytes) -> None:
        from ml_connector.edi.interchange import ReadOptions, ReceivedSet, read_interchanges
        from ml_connector.errors import SenderMustCorrect

        if not data:
            return
        choice, edits = data[0], data[1:]
        touched = self._edited(self._files[choice % len(self._files)], edits)
        mode = ("strict", "standard", "lenient")[choice % 3]
        encoding = ("latin-1", "utf-8", "ascii", "cp1252")[choice // 3 % 4]
        # an untouched interchange stands before or behind: the damage cannot reach it
        behind = choice >= 128
        whole = touched + b"\r\n" + self._guard if behind else self._guard + touched
        try:
            items = list(read_interchanges(whole, ReadOptions(mode=mode, encoding=encoding)))
        except SenderMustCorrect:
            self.refused += 1
            return
        found = [item for item in items if isinstance(item, ReceivedSet)]
        self.sets += len(found)
        documents = [one.document for one in found]
        beside = documents[-len(self._wanted) :] if behind else documents[: len(self._wanted)]
        if beside != self._wanted:
            raise AssertionError("a set that no edit touched has another value")
        if any(one.accepted and one.document is None for one in found):
            raise AssertionError("a set without a document was accepted")

    @staticmethod
    def _edited(data: bytes, edits: bytes) -> bytes:
        """Bytes set, cut, put in, doubled, or taken from the input itself."""
        result = bytearray(data)
        for start in range(0, len(edits) - 5, 6):
            what, high, low, length, byte, more = edits[start : start + 6]
            place = (high << 8 | low) % (len(result) + 1)
            if what % 6 == 0 and place < len(result):
                result[place] = byte
            elif what % 6 == 1:
                del result[place : place + length]
            elif what % 6 == 2:
                result[place:place] = bytes([byte, more])
            elif what % 6 == 3:
                result[place:place] = result[place : place + length]
            elif what % 6 == 4:
                result[place:place] = edits[: length % 40]
            else:
                result = result[place:] + result[:place] if more & 1 else result[:place]
        return bytes(result)

    def report(self) -> dict[str, Any]:
        """The counts reached."""
        return {
            "executions": self.executions,
            "seconds": round(time.monotonic() - self.began),
            "sets_read": self.sets,
            "files_refused": self.refused,
            "longest_seconds": round(self.longest, 3),
        }


def _hang(signum: int, frame: Any) -> None:  # noqa: ARG001 - a signal's handler
    raise TimeoutError(f"one input took more than {HANG_SECONDS} seconds")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=0, help="end after so long; 0: when the executions are done")
    parser.add_argument("--executions", type=int, default=1_000_000)
    parser.add_argument("--corpus", type=Path, default=None, help="where inputs worth keeping are kept")
    parser.add_argument("--report", type=Path, default=None, help="write the counts to this file now and then")
    given = parser.parse_args()
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["ml_connector.edi", "ml_connector.documents"]):
        import ml_connector.edi.interchange
        import ml_connector.edi.mapping.registry  # noqa: F401 - imported to be instrumented
    target = Target()
    signal.signal(signal.SIGPROF, _hang)
    corpus = given.corpus or Path(tempfile.mkdtemp(prefix="ml-connector-fuzz-"))
    corpus.mkdir(parents=True, exist_ok=True)

    def one(data: bytes) -> None:
        target(data)
        if given.report is not None and target.executions % 1000 == 0:
            given.report.write_text(json.dumps(target.report()), "utf-8")

    options = [sys.argv[0], "-max_len=120", f"-artifact_prefix={corpus}/", "-print_final_stats=1"]
    if given.executions:
        options.append(f"-runs={given.executions}")
    if given.seconds:
        options.append(f"-max_total_time={given.seconds}")
    atheris.Setup([*options, str(corpus)], one)
    atheris.Fuzz()
    print(json.dumps(target.report()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
