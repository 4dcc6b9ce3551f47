"""What happens in the demo: orders in Exact, and partners of whom some get things wrong, each in a known way; beside
them other companies (`food_trade`, `machine_trade`), and its own overheads (`approvals`).
"""

from dataclasses import dataclass
from typing import Any

from ml_connector.demo import approvals, food_trade, machine_trade
from ml_connector.demo.company import Company, Played
from ml_connector.demo.trouble import Trouble
from ml_connector.sandbox.partner.profiles import PROFILES
from ml_connector.sandbox.server import Sandbox

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


#: Those beside the one with Exact.
COMPANIES: tuple[Company, ...] = (food_trade.COMPANY, machine_trade.COMPANY, approvals.COMPANY)
#: Everyone behind a mailbox at Cleo.
PARTNERS = (*PROFILES, *(profile for company in COMPANIES for profile in company.profiles))
ALL_TROUBLES = (*TROUBLES, *(trouble for company in COMPANIES for trouble in company.troubles))


@dataclass(frozen=True)
class Story:
    """What was put on stage: orders that leave, and what the other companies did, by integration."""

    orders: dict[str, int]
    played: dict[str, Played]


def play(sandbox: Sandbox, orders: int) -> Story:
    """Tell the partners how to behave and create the orders, as buyers in Exact would.

    Three quarters are of suppliers behind Cleo, of whom some get things wrong, the others of suppliers behind
    TrueCommerce. The other companies have an eighth as many of what they buy, and of what they sell.
    """
    others = orders // 4
    first = sandbox.call(_play, sandbox, orders - others)
    second = sandbox.call(_play_others, sandbox, others)
    played = {one.integration: sandbox.call(one.play, sandbox, orders // 8) for one in COMPANIES}
    made = {"exact_cleo": len(first), "exact_truecommerce": len(second)}
    return Story(made | {name: one.bought for name, one in played.items()}, played)


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
