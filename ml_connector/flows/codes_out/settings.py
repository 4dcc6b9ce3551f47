"""Settings of the flow that keeps a network's codes."""

from pydantic import Field

from ml_connector.config.integrations import FlowSettings
from ml_connector.flows.payables.codes import CodeGroups


class CodesOut(FlowSettings):
    """Which codes a network is told, and how."""

    groups: CodeGroups = CodeGroups()
    accounts: tuple[str, ...] = Field(
        default=(), description="Only GL accounts whose code begins so, e.g. [4, 7]; empty: all of them"
    )
