"""Routes of the control port for the partners; mounted under /partner."""

from collections.abc import Callable
from decimal import Decimal
from json import dumps
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ml_connector.sandbox.cleo.control import refusing
from ml_connector.sandbox.partner.documents.behaviour import NAMED, Behaviour
from ml_connector.sandbox.partner.world import PartnerWorld

_CONSUMER = ("delay", "deduplicate", "paused")


def routes(world: PartnerWorld) -> list[Route]:
    """The routes, over these partners."""
    control = PartnerControl(world)
    return [
        Route("/state", refusing(control.state)),
        Route("/orders", refusing(control.orders)),
        Route("/orders", refusing(control.order), methods=["POST"]),
        Route("/changes", refusing(control.change), methods=["POST"]),
        Route("/heard", refusing(control.heard)),
        Route("/consumed", refusing(control.consumed)),
        Route("/consumed/counts", refusing(control.counts)),
        Route("/sent", refusing(control.sent)),
        Route("/acknowledgments", refusing(control.acknowledgments)),
        Route("/behaviour", refusing(control.behaviour), methods=["GET", "POST"]),
        Route("/rubbish", refusing(control.rubbish), methods=["POST"]),
        Route("/invoices", refusing(control.invoices), methods=["POST"]),
        Route("/consumer", refusing(control.consumer), methods=["POST"]),
        Route("/flush", refusing(control.flush), methods=["POST"]),
        Route("/reset", refusing(control.reset), methods=["POST"]),
    ]


class PartnerControl:
    """What tests and the demo tell the partners and ask of them."""

    def __init__(self, world: PartnerWorld) -> None:
        self._world = world

    async def state(self, _request: Request) -> Response:
        """Counts of everything."""
        return _answer(self._world.summary())

    async def order(self, request: Request) -> Response:
        """POST {"partner", "number", "store", "lines": [{"item", "quantity", "unit", "price"}]}: a customer orders.

        With "buyer" and "vendor": somebody orders for that buyer of that vendor.
        """
        return _answer(self._world.order(**await request.json()).as_row())

    async def change(self, request: Request) -> Response:
        """POST {"partner", "number", "lines": [{"line", "code", "quantity", ...}], "purpose", "sequence"}: an 860."""
        return _answer(self._world.change(**await request.json()).as_row())

    async def orders(self, _request: Request) -> Response:
        """Orders in the partners' books."""
        rows = [
            {
                "partner": name,
                "number": number,
                "currency": taken.order.currency,
                "revision": taken.order.revision,
                "cancelled": taken.order.cancelled,
                "lines": len(taken.order.open_lines),
                "amount": sum((line.amount() for line in taken.order.open_lines), Decimal(0)),
                "shipped": taken.shipped,
                "invoices": taken.invoices,
            }
            for name, partner in self._world.partners.items()
            for number, taken in partner.books.orders.items()
        ]
        return _answer(rows)

    async def consumed(self, request: Request) -> Response:
        """Files that were taken away: ?last=n."""
        last = int(request.query_params.get("last", "1000"))
        return _answer([file.as_row() for file in self._world.consumer.taken[-last:]])

    async def heard(self, _request: Request) -> Response:
        """What customers understood of our 855 and 856, by partner, and what of it does not hold together."""
        partners = self._world.partners.items()
        found = {name: [one.as_row() for one in partner.books.heard] for name, partner in partners}
        return _answer({name: rows for name, rows in found.items() if rows})

    async def counts(self, _request: Request) -> Response:
        """How often each order, document and interchange was consumed."""
        consumer = self._world.consumer
        return _answer(
            {
                "orders": dict(consumer.orders()),
                "documents": dict(consumer.documents()),
                "interchanges": dict(consumer.interchanges()),
                "repeats_dropped": len(consumer.repeats),
            }
        )

    async def sent(self, request: Request) -> Response:
        """Files the partners sent: ?kind=810&last=n."""
        last = int(request.query_params.get("last", "1000"))
        return _answer([file.as_row() for file in self._world.sent(request.query_params.get("kind"))[-last:]])

    async def acknowledgments(self, _request: Request) -> Response:
        """Groups the partners sent with the answers they got, and groups of ours with their judgement."""
        partners = self._world.partners.values()
        return _answer(
            {
                "sent": [group.as_row() for partner in partners for group in partner.books.groups.values()],
                "read": [group.as_row() for group in self._world.read_groups],
                "unknown": {partner.profile.name: partner.books.unknown_acknowledgments for partner in partners},
            }
        )

    async def behaviour(self, request: Request) -> Response:
        """POST {"partner", "order" | "times", "like", ...settings}; GET: what holds, and the names for `like`."""
        if request.method == "POST":
            body = await request.json()
            partner, order, times = body.pop("partner"), body.pop("order", ""), int(body.pop("times", 0))
            told = self._world.behave(partner, body, order=str(order), times=times)
            return _answer(_plain(told))
        return _answer(
            {
                "partners": {
                    name: {
                        "behaviour": _plain(partner.behaviour),
                        "queued": len(partner.next_behaviours),
                        "orders": sorted(partner.order_behaviours),
                    }
                    for name, partner in self._world.partners.items()
                },
                "like": NAMED,
            }
        )

    async def rubbish(self, request: Request) -> Response:
        """POST {"partner", "kind"}: one piece in the inbox now; see behaviour.Rubbish for the kinds."""
        body = await request.json()
        kinds = Behaviour().changed({"rubbish": [body["kind"]]}).rubbish
        file = self._world.partners[body["partner"]].drop(kinds[0])
        return _answer(file.as_row())

    async def invoices(self, request: Request) -> Response:
        """POST {"orders": [...], "partner", "per_file", "ordered", "behaviour": {...}}: 810 files at once."""
        body = await request.json()
        orders = body.pop("orders")
        return _answer([file.as_row() for file in self._world.invoice_files(orders, **body)])

    async def consumer(self, request: Request) -> Response:
        """POST {"delay", "deduplicate", "paused", "deduplicating": [folder paths]}."""
        body = await request.json()
        options = self._world.consumer.options
        if "deduplicating" in body:
            options.deduplicating = set(body.pop("deduplicating"))
        for name, value in body.items():
            if name not in _CONSUMER:
                raise ValueError(f"{name} is not a setting of the consumer")
            setattr(options, name, value)
        return _answer({name: getattr(options, name) for name in _CONSUMER})

    async def flush(self, _request: Request) -> Response:
        """Do everything that waits, now."""
        self._world.flush()
        return _answer(self._world.summary())

    async def reset(self, _request: Request) -> Response:
        """Forget what was received, sent and planned."""
        self._world.reset()
        return _answer({})


def _plain(behaviour: Behaviour) -> dict[str, Any]:
    return behaviour.model_dump(mode="json")


def _answer(content: Any) -> Response:
    """JSON with exact decimals as text."""
    as_text: Callable[[Any], str] = str
    return Response(dumps(content, default=as_text, separators=(",", ":")), media_type="application/json")
