"""What happens in the demo: orders in Exact, and partners of whom some get things wrong, each in a known way."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ml_connector.sandbox.server import Sandbox


@dataclass(frozen=True)
class Trouble:
    """One kind of trouble: how a partner is told to make it, and how the ledger must show it.

    expected: reasons or states of which at least one document must have come.
    """

    name: str
    behaviour: Mapping[str, Any]
    expected: str
    shown: str


TROUBLES: tuple[Trouble, ...] = (
    Trouble("price above the order's", {"like": "overcharge"}, "price_tolerance", "invoice held"),
    Trouble("invoice names an unknown order", {"like": "unknown_order"}, "no_such_order", "invoice held"),
    Trouble("freight code nobody mapped", {"like": "unknown_charge"}, "unmapped_charge", "invoice held"),
    Trouble("tax rate without a VAT code", {"vat_percent": "6"}, "missing_vat_code", "invoice held"),
    Trouble("lines do not come to the total", {"like": "wrong_total"}, "total_difference", "invoice held"),
    Trouble("invoiced in another currency", {"like": "foreign_currency"}, "currency_mismatch", "invoice held"),
    Trouble(
        "invoiced in full, shipped in part",
        {"ship_percent": "60", "invoice": "ordered"},
        "not_received",
        "invoice held",
    ),
    Trouble("more shipped than ordered", {"like": "over_ship"}, "over_shipment", "ship notice held"),
    Trouble("test interchange on production", {"like": "test_interchange"}, "test_on_production", "invoice held"),
    Trouble("sender nobody knows", {"like": "unknown_supplier"}, "unknown_partner", "invoice held"),
    Trouble("same invoice again", {"like": "repeat_document"}, "duplicate", "second one set aside"),
    Trouble("HTML instead of X12", {"rubbish": ["html"]}, "not_x12", "file held"),
    Trouble("invoice without its number", {"like": "bad_syntax"}, "rejected", "997 tells the sender"),
    Trouble("order refused by 997", {"like": "reject_ack"}, "refused", "buyer is told"),
    Trouble("order refused by 855", {"like": "refuse", "ship": "never", "invoice": "never"}, "order_refused", "buyer"),
)


def play(sandbox: Sandbox, orders: int) -> dict[str, int]:
    """Tell the partners how to behave and create the orders, as buyers in Exact would.

    Three quarters are of suppliers behind Cleo, of whom some get things wrong, the others of suppliers behind
    TrueCommerce. Returns how many orders go out by each integration.
    """
    others = orders // 4
    first = sandbox.call(_play, sandbox, orders - others)
    second = sandbox.call(_play_others, sandbox, others)
    return {"exact_cleo": len(first), "exact_truecommerce": len(second)}


def _play_others(sandbox: Sandbox, orders: int) -> list[Any]:
    """Orders of the suppliers behind TrueCommerce, who do everything right."""
    from ml_connector.sandbox.exact import user

    suppliers = tuple(profile.supplier for profile in sandbox.truecommerce.partners.options.profiles)
    return list(user.create_orders(sandbox.exact, orders, seed=2, suppliers=suppliers))


def _play(sandbox: Sandbox, orders: int) -> list[dict[str, Any]]:
    from ml_connector.sandbox.exact import user

    made = user.create_orders(sandbox.exact, orders)
    created = [user.order_facts(sandbox.exact, order) for order in made]
    world = sandbox.partner
    if world is None:
        return created
    partners = {profile.supplier: profile.name for profile in world.options.profiles}
    for trouble, order in zip(TROUBLES, created, strict=False):
        behaviour = dict(trouble.behaviour)
        world.behave(partners[order["supplier"]], behaviour, order=str(order["order_number"]))
    return created
