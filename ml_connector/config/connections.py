"""Connections: one configured account at one system. Each system's own settings stand in its package."""

from datetime import date
from typing import Self

from pydantic import Field, HttpUrl, field_validator, model_validator

from ml_connector.config.base import Settings
from ml_connector.config.secrets import SecretRef


class ConnectionSettings(Settings):
    """What every connection has. `system` names the outside system, and by it which further settings there are."""

    system: str
    timeout_seconds: float = Field(default=30.0, gt=0, le=300)
    longest_call_seconds: float | None = Field(
        default=None,
        gt=0,
        le=3600,
        description="How long a call may be on its way, from its first byte to its effect; what a worker that is gone"
        " left is not written again before. Empty: twice timeout_seconds",
    )
    concurrency: int = Field(default=4, ge=1, le=64, description="Calls at once within one run")
    secrets_end: dict[str, date] = Field(
        default_factory=dict,
        description="Setting that holds a secret (password, key ...) -> the day on which the other side ends it; told"
        " from 30 days before",
    )

    @model_validator(mode="after")
    def _end_of_secrets(self) -> Self:
        known = [name for name in type(self).model_fields if isinstance(getattr(self, name), SecretRef)]
        for name in self.secrets_end:
            if name not in known:
                raise ValueError(
                    f"secrets_end.{name} is not a secret of this connection; known are: {', '.join(known)}"
                )
        return self

    @property
    def longest_call(self) -> float:
        """Seconds: sending may stall as long as an answer may."""
        return self.longest_call_seconds or 2 * self.timeout_seconds

    @property
    def account(self) -> str:
        """Whose account it is there: by it a connection is recognised under another name."""
        return ""

    @property
    def place(self) -> str:
        """Where its folders are, whoever looks at them; empty where it has none."""
        return ""

    @property
    def web_address(self) -> str | None:
        """Where it is reached over HTTP; None for anything else."""
        return None

    @property
    def callback_path(self) -> str:
        """Path under which a consent comes back to the receiver; empty where nobody consents."""
        return ""


class WebConnection(ConnectionSettings):
    """What every connection over HTTP has."""

    base_url: str = Field(description="Address of the system, https:// in production")

    @property
    def web_address(self) -> str | None:
        return self.base_url

    @property
    def place(self) -> str:
        """Where its folders are, whoever looks at them."""
        return self.base_url

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        address = HttpUrl(value)
        if address.username or address.password or address.query or address.fragment:
            raise ValueError("is an address and nothing more: no user, no password, no query")
        return str(address).rstrip("/")


class ErpSettings(ConnectionSettings):
    """What every connection to an ERP has."""

    settle_seconds: float = Field(
        default=60.0,
        ge=0,
        description="How long a write of unknown outcome may still commit; looked up again after it",
    )


class MailboxSettings(ConnectionSettings):
    """What every connection to a network has: how its folders are read (edi-operations 1 and 2)."""

    page_size: int = Field(default=100, ge=1, le=1000)
    pages_per_tick: int = Field(default=20, ge=1, description="Listing pages read in one go; the rest next tick")
    max_file_bytes: int = Field(default=150_000_000, gt=0)
    after_read: str = "leave"
    move_to: str = Field(default="", description="Folder for after_read: move")
    stable_seconds: float = Field(
        default=5.0, ge=0, description="A file is read when its size has not changed for so long"
    )
    temporary_suffixes: tuple[str, ...] = (".tmp", ".filepart", ".incomplete", ".part")
    temporary_alarm_hours: float = Field(
        default=2.0, gt=0, description="A file that stays under a temporary name unchanged for so long is told"
    )

    @property
    def folders_are_shared(self) -> bool:
        """Whether several partners' files come through one folder."""
        return False

    @property
    def deletes_unread_after(self) -> tuple[float, float] | None:
        """Of networks that delete files by age: hours unread after which that is told, days after which one is gone."""
        return None
