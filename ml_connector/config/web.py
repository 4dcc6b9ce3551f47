"""Settings of the pages: where they are, who may see and do what, and where they lead."""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from ml_connector.config.base import Settings, networks, web_address
from ml_connector.config.secrets import SecretRef

RoleName = Literal["viewer", "clerk", "administrator"]


class Grant(Settings):
    """What somebody may do, and for which integrations."""

    role: RoleName = Field(description="viewer: see; clerk: replay, discard, settle, comment; administrator: all")
    integrations: tuple[str, ...] = Field(default=(), description="Only these; empty: all")


class LocalUser(Grant):
    """A person who logs in here."""

    password: SecretRef = Field(description="The hash that `ml-connector web password` keeps, by reference")


class ProxySettings(Settings):
    """A proxy that has asked people who they are, and says so in headers."""

    addresses: tuple[str, ...] = Field(
        min_length=1, description="Addresses or networks of the proxy; nobody else's headers are believed"
    )
    user_header: str = Field(default="X-Forwarded-User", min_length=1, description="Header with the person's name")
    groups_header: str = Field(
        default="X-Forwarded-Groups", min_length=1, description="Header with the person's groups, comma separated"
    )

    _networks = field_validator("addresses")(networks)


class WebSettings(Settings):
    """The pages of `ml-connector web` (docs/web.md)."""

    host: str = "127.0.0.1"
    port: int = Field(default=8790, ge=0, le=65535)
    public_url: str = Field(default="", description="Address under which people reach the pages; links lead there")
    dagster_url: str = Field(default="", description="Address of the Dagster UI, for links to runs and partitions")
    users: dict[str, LocalUser] = Field(default={}, description="People who log in here, by name")
    proxy: ProxySettings | None = Field(default=None, description="A proxy that says who somebody is")
    groups: dict[str, Grant] = Field(default={}, description="What members of the proxy's groups may do, by group")
    idle_minutes: float = Field(default=60, gt=0, description="A log-in ends when nothing was asked for so long")
    session_hours: float = Field(default=12, gt=0, description="A log-in ends after so long in any case")
    records: dict[str, dict[str, str]] = Field(
        default={},
        description="Addresses of records in an ERP, by connection and kind of write, with {id} where its id goes",
    )

    _addresses = field_validator("public_url", "dagster_url")(web_address)

    @field_validator("records")
    @classmethod
    def _templates(cls, value: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        for kinds in value.values():
            for template in kinds.values():
                if "{id}" not in template or not web_address(template.replace("{id}", "1")):
                    raise ValueError("write an address with {id} where the record's id goes")
        return value

    @model_validator(mode="after")
    def _groups_need_a_proxy(self) -> Self:
        if self.groups and self.proxy is None:
            raise ValueError("groups are those that a proxy says: set proxy too, or give people a log-in under users")
        return self
