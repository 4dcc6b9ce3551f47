"""Bar 3: memory while one large interchange is read, document by document.

    python -m benchmarks.edi_memory [--megabytes 100]

The interchange is written to a file first, by another process than the one that reads it. The peak is that of the
whole process (resident set), its modules included; what it has before it reads is told beside it.
"""

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


def _written(path: str, megabytes: int) -> int:
    """One interchange of at least that size; the number of its documents."""
    from benchmarks.edi_files import Expected, pieces

    expected = Expected()
    count = megabytes * 1_000_000 // 2_300
    with Path(path).open("wb") as file:
        for piece in pieces(count, expected):
            file.write(piece)
    return sum(expected.documents.values())


def _peak() -> float:
    """Megabytes of the largest resident set so far (kilobytes on Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _read(path: str, *, opened: bool) -> dict[str, Any]:
    """Read it all; the documents are opened and let go, or left closed."""
    from ml_connector.edi.interchange import InterchangeEnd, ReadOptions, ReceivedSet, read_interchanges

    before = _peak()
    documents = accepted = longest = 0
    complete = False
    began = time.perf_counter()
    with Path(path).open("rb") as file:
        for item in read_interchanges(file, ReadOptions(acknowledge_accepted=False)):
            if isinstance(item, ReceivedSet):
                documents += 1
                accepted += item.accepted and (not opened or item.document is not None)
                longest = max(longest, item.offset_end - item.offset_start)
            elif isinstance(item, InterchangeEnd):
                complete = item.complete
    return {
        "opened": opened,
        "documents": documents,
        "accepted": accepted,
        "complete": complete,
        "longest_set_bytes": longest,
        "seconds": round(time.perf_counter() - began, 1),
        "before_mb": round(before, 1),
        "peak_mb": round(_peak(), 1),
        "above_mb": round(_peak() - before, 1),
    }


def _in_a_process(function: Any, *arguments: Any, **named: Any) -> Any:
    """The function's result from a process of its own, started anew."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments, named)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=100)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ml-connector-edi-") as folder:
        path = str(Path(folder) / "large.edi")
        documents = _in_a_process(_written, path, given.megabytes)
        rows = [_in_a_process(_read, path, opened=opened) for opened in (False, True)]
        size = Path(path).stat().st_size
    print(json.dumps({"megabytes": round(size / 1e6, 1), "documents": documents, "rows": rows}, indent=2))
    return 0 if all(row["accepted"] == documents and row["complete"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
