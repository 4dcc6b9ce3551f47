"""A company of the demo: what its people and its partners do on the stand-ins, and what of it has to add up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ml_connector.composition import Deployment
from ml_connector.demo.checks import Check
from ml_connector.demo.trouble import Trouble
from ml_connector.sandbox.partner.documents.x12 import Segment
from ml_connector.sandbox.partner.partner import Partner
from ml_connector.sandbox.partner.profiles import Profile
from ml_connector.sandbox.partner.records import SentDocument
from ml_connector.sandbox.partner.world import PartnerWorld
from ml_connector.sandbox.server import Sandbox


@dataclass
class Played:
    """What was put on stage. bought: orders sent to suppliers. ordered: customers' good orders. sold: invoices sent to
    customers.
    """

    bought: int = 0
    ordered: list[str] = field(default_factory=list)
    sold: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Company:
    """One integration beside those of Exact. play: on the sandbox's own thread; how many of each go right."""

    integration: str
    profiles: Sequence[Profile]
    troubles: Sequence[Trouble]
    play: Callable[[Sandbox, int], Played]
    checks: Callable[[Deployment, Sandbox, Played], list[Check]]


class Office:
    """The people of a company and of its partners, on the stand-ins."""

    def __init__(self, world: PartnerWorld) -> None:
        self.world = world
        self.played = Played()

    def partner(self, profile: Profile) -> Partner:
        """One of the partners."""
        return self.world.partners[profile.name]

    @property
    def today(self) -> date:
        """By the stand-ins' clock."""
        return self.world.clock.now().date()

    def send(self, by: Profile, kind: str, contents: Sequence[Segment], number: str) -> None:
        """A set in an interchange of its own."""
        who = self.partner(by)
        who.send(kind, [contents], [SentDocument(kind, number)], who.behaviour)

    def behave(self, profile: Profile, behaviour: Mapping[str, Any] | None, order: str) -> None:
        """How a supplier takes an order."""
        if behaviour:
            self.world.behave(profile.name, dict(behaviour), order=order)


def world_of(sandbox: Sandbox) -> PartnerWorld:
    """The partners, who are all there in a demo of the story."""
    if sandbox.partner is None:
        raise ValueError("the sandbox has no partners")
    return sandbox.partner
