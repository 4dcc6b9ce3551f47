"""One errand in a process of its own: `python -m ml_connector.operating.errand`, asked and answered in JSON.

Asked on standard input: {"config", "kind": "replay", "day" or "reference", "integration", "ids", "day", "why", "who",
"reference"}.
The last line of the output is the answer: {"ok", "messages", "documents"}.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml_connector import logs, stopping
from ml_connector.composition import Deployment
from ml_connector.errors import ConnectorError
from ml_connector.ledger.search.listing import DocumentFilter, list_documents
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.states import FINISHED, DocumentState
from ml_connector.operating import replaying

if TYPE_CHECKING:
    from ml_connector.orchestration.runtime.local_runner import RunOutcome


#: Of a day, what is not finished: so many of them are told why they are looked at again.
MOST = 10_000
_OPEN = tuple(state for state in DocumentState if state not in FINISHED)


def replay(config: Path, ids: Sequence[int], *, who: str, why: str, reference: bool) -> dict[str, Any]:
    """Replay documents. reference: read the ERP's reference data again before."""
    with Deployment.open(config) as deployment, deployment.ledger.read() as tx:
        rows = documents.get_many(tx, ids)
    messages: list[str] = []
    if reference:
        for integration in sorted({row.integration for row in rows}):
            messages += read_reference(config, integration)["messages"]
    with Deployment.open(config) as deployment:
        replaying.prepare(deployment, rows, who=who, why=why, refused_too=True)
    runs = _run(replaying.starts(config, rows, who=who))
    messages += _told(runs)
    with Deployment.open(config) as deployment:
        after = replaying.after(deployment, rows, lambda _: "")
    return {"ok": not messages, "messages": messages, "documents": after}


def replay_day(config: Path, integration: str, day: date, *, who: str, why: str) -> dict[str, Any]:
    """Replay all that came and left on a day, as materializing its partition does."""
    from ml_connector.flows.core.spec import INBOUND, OUTBOUND
    from ml_connector.orchestration.runtime.local_runner import JobRunner, prepare_dagster_home
    from ml_connector.orchestration.runtime.run_settings import run_config

    with Deployment.open(config) as deployment:
        wanted = DocumentFilter(integration=integration, partition_from=day, partition_to=day, states=_OPEN)
        with deployment.ledger.read() as tx:
            open_ = documents.get_many(tx, [row.id for row in list_documents(tx, wanted, limit=MOST).rows])
        replaying.prepare(deployment, open_, who=who, why=why, refused_too=False)
        prepare_dagster_home(deployment)
    runner, settings = JobRunner(config), run_config("replay", actor=who)
    starts = [
        partial(runner.run, integration, way, day=day.isoformat(), settings=settings) for way in (OUTBOUND, INBOUND)
    ]
    messages = _told(_run(starts))
    return {"ok": not messages, "messages": messages, "documents": []}


def read_reference(config: Path, integration: str) -> dict[str, Any]:
    """Read the reference data of an integration's ERP."""
    from ml_connector.orchestration.runtime.local_runner import JobRunner, prepare_dagster_home
    from ml_connector.orchestration.runtime.names import job_name

    with Deployment.open(config) as deployment:
        prepare_dagster_home(deployment)
        erp = deployment.loaded.integration(integration).erp
    runner = JobRunner(config)
    messages = _told(_run([lambda: runner.run_scheduled(job_name(erp, "reference"))]))
    return {"ok": not messages, "messages": messages, "documents": []}


def _run(starts: Sequence[Any]) -> "list[RunOutcome]":
    runs = []
    for start in starts:
        if stopping.asked():
            break
        runs.append(start())
    return runs


def _told(runs: "Sequence[RunOutcome]") -> list[str]:
    told = [message for run in runs for _, message in run.problems]
    told += [
        "Another run works on this integration; it takes what waits."
        for run in runs
        if run.success and not run.assets and run.has_channel
    ]
    return list(dict.fromkeys(told))


@stopping.heeding
def answer(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Do what was asked; what came of it, also where it was not possible."""
    config = Path(asked["config"])
    try:
        if asked["kind"] == "reference":
            return read_reference(config, asked["integration"])
        if asked["kind"] == "day":
            day = date.fromisoformat(asked["day"])
            return replay_day(config, asked["integration"], day, who=asked["who"], why=asked["why"])
        return replay(config, asked["ids"], who=asked["who"], why=asked["why"], reference=bool(asked.get("reference")))
    except ConnectorError as error:
        return {"ok": False, "messages": [str(error)], "documents": []}


def main() -> None:
    """Read what is asked, do it, print what came of it."""
    logs.configure("errand")
    print(json.dumps(answer(json.load(sys.stdin)), default=str))


if __name__ == "__main__":
    main()
