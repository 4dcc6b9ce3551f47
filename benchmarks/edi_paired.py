"""Documents of ordinary files dumped to JSON, turn by turn with another checkout: what a change of the engine costs.

    python -m benchmarks.edi_paired --beside ../before [--files 60] [--rounds 30]

Each checkout has its own .venv. Both read the same files, of ten sets asked for (eight come: two of each kind), in
processes that stay; a round is one pass of each over all files, in processor time. Both have to write as many
characters, or the ratio means nothing.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.edi_files import interchange

#: Runs in either checkout; reads a line for each round, and says seconds and characters.
_SCRIPT = """
import gc, sys, time
from pathlib import Path
from ml_connector.edi.interchange import ReceivedSet, read_interchanges
try:
    from ml_connector.documents.json import dump
except ImportError:
    from ml_connector.documents import dump
files = [path.read_bytes() for path in sorted(Path(sys.argv[1]).iterdir())]
def dumped():
    characters = 0
    for data in files:
        for item in read_interchanges(data):
            if isinstance(item, ReceivedSet) and item.document is not None:
                characters += len(dump(item.document))
    return characters
dumped()
for line in sys.stdin:
    gc.collect()
    began = time.process_time()
    characters = dumped()
    print(time.process_time() - began, characters, flush=True)
"""


class _Checkout:
    """A process that dumps the files with the code of one checkout."""

    def __init__(self, path: Path, files: Path) -> None:
        self._path = path
        self._process = subprocess.Popen(
            [str(path.absolute() / ".venv" / "bin" / "python"), "-c", _SCRIPT, str(files)],
            cwd=path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def round(self) -> tuple[float, int]:
        """Seconds and characters of one pass. Raises RuntimeError when the process has ended."""
        asked, told = self._process.stdin, self._process.stdout
        if asked is None or told is None:
            raise RuntimeError(f"{self._path}: it cannot be asked")
        asked.write("again\n")
        asked.flush()
        answer = told.readline().split()
        if len(answer) != 2:
            raise RuntimeError(f"{self._path}: it ended, see above")
        return float(answer[0]), int(answer[1])

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


def compare(before: Path, now: Path, count: int, rounds: int) -> dict[str, float]:
    """The median of the rounds' own ratios, and the ratio of the best. Raises RuntimeError where texts differ."""
    with tempfile.TemporaryDirectory(prefix="ml-connector-edi-") as folder:
        size = 0
        for seed in range(count):
            data, _ = interchange(10, seed=seed)
            size += len(data)
            Path(folder, f"{seed:04}.edi").write_bytes(data)
        checkouts = [_Checkout(path, Path(folder)) for path in (before, now)]
        try:
            pairs = [tuple(checkout.round() for checkout in checkouts) for _ in range(rounds)]
        finally:
            for checkout in checkouts:
                checkout.stop()
    if any(one[1] != other[1] for one, other in pairs):
        raise RuntimeError(f"the texts differ: {pairs[0][0][1]} and {pairs[0][1][1]} characters")
    best = [min(pair[side][0] for pair in pairs) for side in (0, 1)]
    return {
        "median of ratios": round(statistics.median(one[0] / other[0] for one, other in pairs), 3),
        "ratio of the best": round(best[0] / best[1], 3),
        "MB/s before": round(size / best[0] / 1e6, 2),
        "MB/s now": round(size / best[1] / 1e6, 2),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--beside", type=Path, required=True, help="another checkout, with its .venv")
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    print(json.dumps(compare(options.beside, Path.cwd(), options.files, options.rounds), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
