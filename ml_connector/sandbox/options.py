"""What of the sandbox can be chosen before it starts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from ml_connector.sandbox.acumatica.options import AcumaticaOptions
from ml_connector.sandbox.cleo.state import CleoOptions
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.partner.world import WorldOptions
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
    partner: bool = True
    partner_options: WorldOptions | None = None
