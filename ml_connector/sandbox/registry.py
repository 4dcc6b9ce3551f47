"""The stand-ins of the sandbox: each one's name and how it is made. The server, the control port and the command line
read this list. A new one is a package with a `SandboxSystem`: of ours with a line here and its options in
`SandboxOptions`, of somebody else's handed to the sandbox as it is started.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ml_connector.sandbox.options import SandboxOptions
    from ml_connector.sandbox.system import Ground, SandboxSystem

    #: Makes a stand-in; it finds those listed before it in the mapping.
    Maker = Callable[[Ground, SandboxOptions, Mapping[str, SandboxSystem]], SandboxSystem]


@dataclass(frozen=True, slots=True)
class StandIn:
    """`place` is module:function of its maker, imported when the sandbox is made."""

    name: str
    title: str
    place: str
    protocol: str = "HTTP"

    def make(
        self, ground: "Ground", options: "SandboxOptions", others: "Mapping[str, SandboxSystem]"
    ) -> "SandboxSystem":
        return self.maker()(ground, options, others)

    def maker(self) -> "Maker":
        """Its maker, imported now. Raises ImportError, AttributeError or ValueError where there is none."""
        module, _, function = self.place.partition(":")
        found: Maker = getattr(import_module(module), function)
        return found


#: In the order in which they are made: one may lean on those before it.
STAND_INS: tuple[StandIn, ...] = (
    StandIn("exact", "Exact Online", "ml_connector.sandbox.exact.system:make"),
    StandIn("cleo", "Cleo", "ml_connector.sandbox.cleo.system:make"),
    StandIn("truecommerce", "TrueCommerce", "ml_connector.sandbox.truecommerce.system:make", protocol="SFTP"),
    StandIn("acumatica", "Acumatica", "ml_connector.sandbox.acumatica.system:make"),
    StandIn("avidxchange", "AvidXchange", "ml_connector.sandbox.avidxchange.system:make"),
    StandIn("sage_intacct", "Sage Intacct", "ml_connector.sandbox.sage_intacct.system:make"),
)


def names() -> list[str]:
    """The names of all stand-ins."""
    return [one.name for one in STAND_INS]


def of(*wanted: str) -> list[StandIn]:
    """Those of that name, in the order in which they are made. Raises KeyError for one that there is none of."""
    if unknown := set(wanted).difference(names()):
        raise KeyError(f"no stand-in is called {', '.join(sorted(unknown))}: there are {', '.join(names())}")
    return [one for one in STAND_INS if one.name in wanted]


def make_all(
    ground: "Ground", options: "SandboxOptions", stand_ins: Sequence[StandIn] | None = None
) -> "dict[str, SandboxSystem]":
    """Every stand-in by its name, fresh. stand_ins: others than those of the list."""
    made: dict[str, SandboxSystem] = {}
    for one in STAND_INS if stand_ins is None else stand_ins:
        if one.name in made:
            raise ValueError(f"two stand-ins are called {one.name}")
        made[one.name] = one.make(ground, options, made)
        if made[one.name].name != one.name:
            raise ValueError(f"stand-in {one.name}: {one.place} calls itself {made[one.name].name}")
    return made
