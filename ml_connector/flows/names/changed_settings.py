"""What another configuration may mend is taken up at once, and what was known of a partner outlives its file's faults.

The ledger remembers a digest of the settings that documents of an integration depend on. Whoever begins to work looks
whether it is another one now: a tick of a sensor, and `ml-connector sync`.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ml_connector.config.partner_files import PartnerProblem
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.quarantine import PERSON_ONLY, SETTINGS_TOO
from ml_connector.flows.inbound.polling import channels_of
from ml_connector.ledger.coordination import cursors
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import files, related, remote_listing


def take_up_changes(integration: Integration) -> int:
    """Held documents are due now if the settings are others than at the last look; how many. The first look is none."""
    name = f"{integration.name}:settings"
    digest = _digest(integration)
    with integration.ledger.read() as tx:
        before = cursors.get(tx, name)
    if before == digest:
        return 0
    with integration.ledger.write() as tx:
        cursors.put(tx, name, digest)
        for file, facts in _facts(integration).items():
            cursors.put(tx, _memory(integration.name, file), facts)
        if before is None:
            return 0
        remote_listing.try_again(
            tx, integration.network.connection, [channel.name for channel in channels_of(integration)]
        )
        files.refused_again(tx, integration.network.connection)
        return related.wake_all(tx, integration.name, without=sorted(PERSON_ONLY - SETTINGS_TOO))


def _digest(integration: Integration) -> str:
    """Of everything in configuration files that decides what becomes of a document."""
    told: list[str] = [integration.settings.model_dump_json(), repr(integration.folders), repr(integration.erp.traits)]
    told += [partner.model_dump_json() for _, partner in sorted(integration.partners.items())]
    told += [layout.settings.model_dump_json() for _, layout in sorted(integration.layouts.items())]
    told += [repr(problem) for problem in integration.problems]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


# ---------------------------------------------------------------------- what is known of partners


def _memory(integration: str, file: str) -> str:
    return f"partner_file:{integration}:{file if len(file) <= 100 else hashlib.sha256(file.encode()).hexdigest()}"


def _facts(integration: Integration) -> Mapping[str, str]:
    """Who the partners are, by the names of their files."""
    found: dict[str, str] = {}
    for name, file in integration.partner_files.items():
        partner = integration.partners[name]
        facts = {
            "name": name,
            "role": partner.role,
            "vendor": partner.vendor,
            "identities": list(partner.identity_keys),
            "folders": list(partner.channels.receive),
        }
        found[file] = json.dumps(facts, sort_keys=True)
    return found


def with_what_was_known(
    ledger: Ledger, integration: str, problems: Sequence[PartnerProblem]
) -> tuple[PartnerProblem, ...]:
    """What a file told while it was right fills in what cannot be read of it now: a file that is no YAML any more
    keeps its partner known by name, supplier, identities and folders.
    """
    if all(problem.is_known for problem in problems):
        return tuple(problems)
    with ledger.read() as tx:
        listed = cursors.listing(tx, _memory(integration, ""))
    known = {name: json.loads(text) for name, text in listed.items()}
    return tuple(filled for problem in problems for filled in _filled(integration, problem, known))


def _filled(
    integration: str, problem: PartnerProblem, known: Mapping[str, Mapping[str, Any]]
) -> Iterable[PartnerProblem]:
    if not problem.name:
        # The folder is what is wrong: every partner that was ever read from it is stopped.
        yield problem
        yield from (_with(replace(problem, name=facts["name"]), facts) for facts in known.values())
        return
    facts = known.get(_memory(integration, problem.file.name))
    yield problem if facts is None else _with(replace(problem, name=facts["name"]), facts)


def _with(problem: PartnerProblem, facts: Mapping[str, Any]) -> PartnerProblem:
    return replace(
        problem,
        # What releases before roles kept is of suppliers, and they all had identities.
        role=problem.role or facts.get("role", "supplier"),
        speaks_x12=problem.speaks_x12 and bool(facts["identities"] or problem.identities),
        vendor=problem.vendor or facts["vendor"],
        identities=problem.identities or tuple(facts["identities"]),
        folders=problem.folders or tuple(facts["folders"]),
    )
