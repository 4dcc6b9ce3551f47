"""An Exact Online connection from its configuration."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from ml_connector.clock import Clock
from ml_connector.flows.core.ports import ErpTraits
from ml_connector.ledger.coordination import cursors
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import blobs
from ml_connector.systems.exact_online.authorization import exact_tokens
from ml_connector.systems.exact_online.erp import ExactErp
from ml_connector.systems.exact_online.settings import FAILURE_TEXTS, ExactOnlineConnection, ExactSettings
from ml_connector.systems.exact_online.wire.division import Divisions
from ml_connector.systems.exact_online.wire.error_mapping import explainer
from ml_connector.systems.exact_online.wire.limits import ExactLimiter
from ml_connector.systems.system import Parts
from ml_connector.transport.authentication import BearerToken, TokenSource
from ml_connector.transport.http import ApiClient
from ml_connector.transport.shared_limits import LedgerLimits


class LedgerNotes:
    """`division.Notes` in the ledger's positions."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def get(self, name: str) -> str | None:
        with self._ledger.read() as tx:
            return cursors.get(tx, name)

    def put(self, name: str, value: str) -> None:
        with self._ledger.write() as tx:
            cursors.put(tx, name, value)


def build_exact(name: str, settings: ExactOnlineConnection, parts: Parts, *, journal: str = "60") -> ExactErp:
    """The ERP of a connection. Nothing is called yet; the division is asked for when it is first needed."""
    tokens = exact_tokens(name, settings, ledger=parts.ledger, vault=parts.vault, secrets=parts.secrets)
    erp = assemble(name, settings, tokens=tokens, ledger=parts.ledger, clock=parts.clock, journal=journal)
    tokens.after_refresh = facts_of(erp.divisions)
    return erp


def assemble(
    name: str,
    settings: ExactOnlineConnection,
    *,
    tokens: TokenSource,
    ledger: Ledger,
    clock: Clock,
    journal: str = "60",
) -> ExactErp:
    """The ERP over a given source of tokens."""
    exact = ExactSettings(
        connection=name,
        journal=journal,
        time_zone=ZoneInfo(settings.time_zone),
        poll_overlap_seconds=settings.poll_overlap_seconds,
        concurrency=settings.concurrency,
        language=settings.language,
        full_sync_days=settings.full_sync_days,
        closed_order_days=settings.closed_order_days,
        credit_factor=settings.credit_note_sign,
        without=settings.without,
        failure_texts=(*FAILURE_TEXTS, *settings.failure_texts),
        payments_as=settings.payments_as,
        clearing_account=settings.clearing_account,
        discount_account=settings.discount_account,
    )
    limiter = ExactLimiter(
        name,
        str(settings.division or "current"),
        clock,
        shared=LedgerLimits(ledger),
        day_reserve=settings.day_reserve,
        longest_wait=exact.longest_wait,
    )
    api = ApiClient(
        name,
        settings.base_url,
        authentication=BearerToken(tokens),
        limiter=limiter,
        clock=clock,
        timeout=settings.timeout_seconds,
        longest=settings.longest_call,
        max_connections=settings.concurrency + 2,
        explain=explainer(exact.failure_texts),
    )
    notes = LedgerNotes(ledger)
    divisions = Divisions(api, notes, clock, configured=settings.division)
    return ExactErp(
        api,
        exact,
        clock,
        divisions,
        notes=notes,
        read_blob=_blob_reader(ledger),
        traits=ErpTraits.of(settings, zone=exact.time_zone),
    )


def _blob_reader(ledger: Ledger) -> Callable[[str], bytes]:
    def read(sha256: str) -> bytes:
        with ledger.read() as tx:
            return blobs.read_blob(tx, sha256)

    return read


def facts_of(divisions: Divisions) -> Callable[[], Mapping[str, Any]]:
    """The division is validated at every refresh; what is found stands beside the token."""
    return lambda: asdict(divisions.validate())


def noted_division(name: str, ledger: Ledger) -> str:
    """The division that a connection was found to work in; empty before it was asked."""
    return LedgerNotes(ledger).get(f"{name}/division") or ""
