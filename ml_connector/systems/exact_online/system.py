"""Exact Online as a system."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from ml_connector.systems.exact_online.settings import WEBHOOK_WORD, ExactOnlineConnection
from ml_connector.systems.system import Login, Parts, Role, System, Usage, WebhookSource

if TYPE_CHECKING:
    from ml_connector.config.integrations import IntegrationSettings
    from ml_connector.systems.exact_online.erp import ExactErp
    from ml_connector.systems.results import CheckResult
    from ml_connector.transport.tokens.authorization_code import AuthorizationCodeTokens


class ExactOnline(System[ExactOnlineConnection, "ExactErp"]):
    """An ERP with one app registration, one division, consent in a browser, and webhooks."""

    name = "exact_online"
    roles = frozenset({Role.ERP})
    kind = "exact"
    webhook_word = WEBHOOK_WORD
    sources = frozenset({"purchase_orders", "entered_invoices", "received_goods"})
    targets = frozenset({"bills", "entry_codings", "goods_receipts", "order_changes", "payments", "vendors"})
    tables = frozenset(
        {"vendors", "gl_accounts", "cost_centers", "cost_units", "items", "vat_codes", "purchase_orders"}
    )
    settings = ExactOnlineConnection

    def connect(self, name: str, settings: ExactOnlineConnection, parts: Parts, use: Usage) -> "ExactErp":
        from ml_connector.systems.exact_online.factory import build_exact

        journals = sorted({one.flows.invoices_in.journal for one in use.integrations.values()})
        return build_exact(name, settings, parts, journal=next(iter(journals), "60"))

    def check(
        self,
        name: str,
        settings: ExactOnlineConnection,
        connected: "Callable[[], ExactErp]",
        parts: Parts,
        use: Usage,
    ) -> "Iterator[CheckResult]":
        from ml_connector.systems.exact_online.check import check_exact

        tokens = self._tokens(name, settings, connected, parts)
        return check_exact(name, settings, connected, tokens, parts, use)

    def login(
        self, name: str, settings: ExactOnlineConnection, connected: "Callable[[], ExactErp]", parts: Parts
    ) -> Login:
        tokens = self._tokens(name, settings, connected, parts)
        return Login(consent=tokens, warning_days=settings.authorization_warning_days)

    def _tokens(
        self, name: str, settings: ExactOnlineConnection, connected: "Callable[[], ExactErp]", parts: Parts
    ) -> "AuthorizationCodeTokens":
        from ml_connector.systems.exact_online.authorization import exact_tokens
        from ml_connector.systems.exact_online.factory import facts_of

        return exact_tokens(
            name,
            settings,
            ledger=parts.ledger,
            vault=parts.vault,
            secrets=parts.secrets,
            after_refresh=lambda: facts_of(connected().divisions)(),  # noqa: PLW0108 - made at its use
        )

    def webhooks(
        self, name: str, settings: ExactOnlineConnection, connected: "Callable[[], ExactErp]", parts: Parts
    ) -> WebhookSource:
        from ml_connector.systems.exact_online.notices.source import ExactNotices

        reference = settings.webhook_secret
        secret = None if reference is None else lambda: parts.secrets.resolve(reference, f"the webhooks of {name}")
        return ExactNotices(
            name,
            settings,
            secret=secret,
            companies=lambda: {connected().company},
            client=lambda: connected().client,
        )

    def known_company(self, name: str, settings: ExactOnlineConnection, parts: Parts) -> str:
        from ml_connector.systems.exact_online.factory import noted_division

        return str(settings.division or "") or noted_division(name, parts.ledger)

    def conflicts(
        self, settings: ExactOnlineConnection, integrations: "Mapping[str, IntegrationSettings]"
    ) -> Iterator[tuple[str, str]]:
        """One client posts for all of them: its journal is one."""
        posting = {name: one.flows.invoices_in for name, one in integrations.items() if one.flows.invoices_in.enabled}
        journals = sorted({flow.journal for flow in posting.values()})
        if len(journals) > 1:
            yield (
                f"{' and '.join(sorted(posting))} post into one ERP connection, and name journals {journals}.",
                "Name the same journal, or give one of them an ERP connection of its own.",
            )


SYSTEM = ExactOnline()
