"""Bar 3: processes that share one rotating refresh token, across many expiries on a movable clock.

    .venv/bin/python -m benchmarks.tokens --processes 8 --expiries 50
    .venv/bin/python -m benchmarks.tokens --ledger postgresql://user@host/empty_database --json

Exit code 0 only when no refresh token was used twice, none was used before 570 s, and no business call failed. What
happens when a process dies during a refresh is in ml_connector_tests/credentials/test_token_races.py.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector_tests.credentials.token_race import RaceResult, run_race


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--expiries", type=int, default=50)
    parser.add_argument("--ledger", default="", help="URL of an empty database; default: SQLite in a temporary folder")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    exact = ExactOptions(minute_limit=None, day_limit=None)
    with tempfile.TemporaryDirectory(prefix="ml-connector-tokens-") as name:
        folder = Path(name)
        options = SandboxOptions(clock_file=folder / "clock", partner=False, exact=exact)
        with Sandbox(options) as sandbox:
            result = run_race(
                folder,
                sandbox,
                given.ledger or f"sqlite:///{folder / 'ledger.db'}",
                processes=given.processes,
                expiries=given.expiries,
                told=lambda line: print(line, file=sys.stderr, end="\r", flush=True),
            )
    print(file=sys.stderr)
    print(json.dumps({**asdict(result), "clean": result.clean}, indent=2) if given.json else table(result))
    return 0 if result.clean else 1


def table(result: RaceResult) -> str:
    rows = [
        ("processes", result.processes),
        ("expiries", result.expiries),
        ("business calls", result.calls),
        ("failed business calls", len(result.failures)),
        ("refreshes", result.refreshes),
        ("second uses of a refresh token", result.second_uses),
        ("refused as too early", result.too_early),
        ("youngest token at a refresh, seconds", result.youngest_refresh),
        ("seconds", round(result.seconds, 1)),
        ("clean", "yes" if result.clean else "NO"),
    ]
    return "\n".join([*(f"{name:<40}{value}" for name, value in rows), *result.failures[:10]])


if __name__ == "__main__":
    sys.exit(main())
