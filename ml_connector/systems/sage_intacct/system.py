"""Sage Intacct as a system."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ml_connector.systems.sage_intacct.settings import IntacctConnection
from ml_connector.systems.system import Login, Parts, Role, System, Usage

if TYPE_CHECKING:
    from ml_connector.systems.results import CheckResult
    from ml_connector.systems.sage_intacct.erp import IntacctErp


class SageIntacct(System[IntacctConnection, "IntacctErp"]):
    """An ERP with one XML endpoint, errors inside good answers, sessions and entities."""

    name = "sage_intacct"
    roles = frozenset({Role.ERP})
    kind = "sage"
    settings = IntacctConnection
    sources = frozenset({"purchase_orders"})
    targets = frozenset(
        {"bills", "goods_receipts", "journal_entries", "order_changes", "payments", "purchases", "sales_orders"}
        | {"vendors"}
    )
    tables = frozenset(
        {"vendors", "gl_accounts", "items", "item_facts", "departments", "locations", "places", "classes", "projects"}
        | {"purchase_orders", "warehouses", "entities", "terms", "customers", "customer_locations", "vat_codes"}
    )

    def connect(self, name: str, settings: IntacctConnection, parts: Parts, use: Usage) -> "IntacctErp":
        """The client of a connection. Nothing is called yet."""
        from ml_connector.systems.sage_intacct.factory import build_intacct

        return build_intacct(name, settings, parts)

    def check(
        self,
        name: str,
        settings: IntacctConnection,
        connected: "Callable[[], IntacctErp]",
        parts: Parts,
        use: Usage,
    ) -> "Iterator[CheckResult]":
        """What can be told: address, log-in, the user's formats, entity, definitions, rights."""
        from ml_connector.systems.sage_intacct.check import check_intacct

        return check_intacct(name, settings, connected)

    def login(
        self, name: str, settings: IntacctConnection, connected: "Callable[[], IntacctErp]", parts: Parts
    ) -> Login:
        """What is stored, tried at once."""
        from ml_connector.systems.sage_intacct.factory import sessions_of

        def log_in(code: str | None) -> None:
            del code  # there is no second factor for web-services users
            sessions_of(name, settings, parts).log_in()

        return Login(log_in=log_in)

    def known_company(self, name: str, settings: IntacctConnection, parts: Parts) -> str:
        """Host, company and entity: all of it is configured."""
        return settings.company


SYSTEM = SageIntacct()
