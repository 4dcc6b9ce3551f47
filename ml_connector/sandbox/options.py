"""What of the sandbox can be chosen before it starts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from ml_connector.sandbox.acumatica.options import AcumaticaOptions
from ml_connector.sandbox.avidxchange.options import AvidOptions
from ml_connector.sandbox.cleo.state import CleoOptions
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.partner.world import WorldOptions
from ml_connector.sandbox.sage_intacct.options import SageIntacctOptions
from ml_connector.sandbox.truecommerce.service import TrueCommerceOptions


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """What to start. `ports` by the system's name, and `control`; one that is not named takes a free port.

    `partner` False leaves the folders of the networks alone.
    """

    host: str = "127.0.0.1"
    ports: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    clock_file: Path | None = None
    seed: int = 1
    exact: ExactOptions = field(default_factory=ExactOptions)
    cleo: CleoOptions | None = None
    truecommerce: TrueCommerceOptions | None = None
    acumatica: AcumaticaOptions | None = None
    avidxchange: AvidOptions | None = None
    sage_intacct: SageIntacctOptions | None = None
    partner: bool = True
    partner_options: WorldOptions | None = None


def with_everybody(options: SandboxOptions, *, limited: bool) -> SandboxOptions:
    """The same with all trading partners there are, in every format; limited: as many calls as the systems allow."""
    from ml_connector.sandbox.acumatica.partners import MORE
    from ml_connector.sandbox.acumatica.partners import PROFILES as FOOD_TRADE
    from ml_connector.sandbox.cleo.limiter import LimitOptions
    from ml_connector.sandbox.partner.profiles import PROFILES
    from ml_connector.sandbox.sage_intacct.partners import PROFILES as MANUFACTURING
    from ml_connector.sandbox.truecommerce.manager import ManagerOptions
    from ml_connector.sandbox.truecommerce.profiles import FLAT_FORMATS

    return replace(
        options,
        exact=ExactOptions() if limited else ExactOptions(minute_limit=None, day_limit=None),
        cleo=CleoOptions(limits=LimitOptions() if limited else LimitOptions(per_second=None)),
        partner_options=WorldOptions(profiles=(*PROFILES, *FOOD_TRADE, *MORE, *MANUFACTURING)),
        truecommerce=TrueCommerceOptions(manager=ManagerOptions(formats=dict(FLAT_FORMATS))),
    )
