"""Groups of codes of a network, and what they are in the ERP."""

from pydantic import Field, model_validator

from ml_connector.config.base import Settings


class CodeGroups(Settings):
    """Names of the network's code groups, by what they hold; empty: that is not sent, and not read."""

    gl_account: str = Field(default="Accounting Codes", description="Group of the GL accounts")
    cost_center: str = "Cost Center"
    cost_unit: str = "Cost Unit"
    ignored: tuple[str, ...] = Field(default=(), description="Groups that mean nothing here")

    @model_validator(mode="after")
    def _apart(self) -> "CodeGroups":
        names = [name.casefold() for name in (self.gl_account, self.cost_center, self.cost_unit) if name]
        if not self.gl_account:
            raise ValueError("gl_account is missing: without accounts nothing can be coded")
        if len(set(names)) < len(names):
            raise ValueError("two groups have one name: a code could be either")
        return self
