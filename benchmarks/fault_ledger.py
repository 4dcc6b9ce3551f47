"""What a ledger says of itself after everything that a crash test did to it: evidence, states, and its metrics."""

import asyncio
import re
from collections import Counter
from typing import Any

import httpx

from ml_connector.ledger.audit.verify import verify
from ml_connector.web.pages.opening import opened

_SAMPLE = re.compile(r"^ml_connector_documents\{(.*)\} (\S+)$", re.M)
_LABEL = re.compile(r'(\w+)="([^"]*)"')


def ledger_problems(deployment: Any) -> list[str]:
    """What `ledger verify` finds, and where /metrics says something else than the documents."""
    return [*(str(problem) for problem in verify(deployment.ledger).problems), *_metrics_that_differ(deployment)]


def states_of(deployment: Any) -> dict[str, int]:
    """How many documents are in each state, by flow."""
    import sqlalchemy as sa

    from ml_connector.ledger.tables.documents import document

    with deployment.ledger.read() as tx:
        query = sa.select(document.c.flow, document.c.state, sa.func.count()).group_by(
            document.c.flow, document.c.state
        )
        return {f"{flow}/{state}": count for flow, state, count in tx.execute(query)}


def _metrics_that_differ(deployment: Any) -> list[str]:
    with opened(deployment, local="judge") as app:
        text = asyncio.run(_get(app, "/metrics"))
    told: Counter[str] = Counter()
    for labels, value in _SAMPLE.findall(text):
        names = dict(_LABEL.findall(labels))
        told[f"{names['flow']}/{names['state']}"] += int(float(value))
    counted = Counter(states_of(deployment))
    return [
        f"metrics: {key} {told[key]}, documents {counted[key]}"
        for key in sorted({*told, *counted})
        if told[key] != counted[key]
    ]


async def _get(app: Any, path: str) -> str:
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get(path)
        answer.raise_for_status()
        return answer.text
