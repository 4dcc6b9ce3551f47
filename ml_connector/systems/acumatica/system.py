"""Acumatica as a system."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ml_connector.systems.acumatica.settings import AcumaticaConnection
from ml_connector.systems.system import Login, Parts, Role, System, Usage

if TYPE_CHECKING:
    from ml_connector.systems.acumatica.erp import AcumaticaErp
    from ml_connector.systems.results import CheckResult


class Acumatica(System[AcumaticaConnection, "AcumaticaErp"]):
    """An ERP with a named user, one session for all, and a contract whose fields differ by version."""

    name = "acumatica"
    roles = frozenset({Role.ERP})
    kind = "acumatica"
    settings = AcumaticaConnection
    sources = frozenset({"purchase_orders", "sales_invoices", "standing_orders", "shipments"})
    targets = frozenset(
        {"bills", "goods_receipts", "order_changes", "sales_orders", "sales_order_changes", "new_customers"}
    )
    tables = frozenset(
        {"vendors", "gl_accounts", "subaccounts", "items", "item_facts", "vat_codes", "purchase_orders", "customers"}
        | {"customer_locations", "warehouses", "units", "tax_zones", "tax_categories", "taxes", "branches"}
        | {"financial_periods"}
    )

    def connect(self, name: str, settings: AcumaticaConnection, parts: Parts, use: Usage) -> "AcumaticaErp":
        """The client of a connection. Nothing is called yet."""
        from ml_connector.systems.acumatica.factory import build_acumatica

        return build_acumatica(name, settings, parts)

    def check(
        self,
        name: str,
        settings: AcumaticaConnection,
        connected: "Callable[[], AcumaticaErp]",
        parts: Parts,
        use: Usage,
    ) -> "Iterator[CheckResult]":
        """What can be told: address, version, log-in, fields, rights."""
        from ml_connector.systems.acumatica.check import check_acumatica

        return check_acumatica(name, settings, connected, parts, use)

    def login(
        self, name: str, settings: AcumaticaConnection, connected: "Callable[[], AcumaticaErp]", parts: Parts
    ) -> Login:
        """A person's consent in a browser, or what is stored tried at once."""
        from ml_connector.systems.acumatica.access.authorization import consent_tokens, shared_session

        if settings.login == "code":
            tokens = consent_tokens(name, settings, parts)
            return Login(consent=tokens, warning_days=settings.authorization_warning_days)

        def log_in(code: str | None) -> None:
            del code  # there is no second factor at the API
            session = shared_session(name, settings, parts)
            try:
                session.log_in_anew()
            finally:
                session.leave()

        return Login(log_in=log_in)

    def known_company(self, name: str, settings: AcumaticaConnection, parts: Parts) -> str:
        """Site, tenant and branch: all of it is configured."""
        return settings.company


SYSTEM = Acumatica()
