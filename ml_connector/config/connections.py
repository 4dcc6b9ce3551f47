"""Connections: one configured account at one system."""

from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, HttpUrl, field_validator, model_validator

from ml_connector.config.base import Settings
from ml_connector.config.secrets import SecretRef

#: A new access token may be asked for at this age at the earliest (exact-online 2.3: the 9:30 rule).
EXACT_REFRESH_FLOOR = 570


def _without_slash(value: HttpUrl) -> str:
    return str(value).rstrip("/")


class Connection(Settings):
    """What every connection has."""

    base_url: str = Field(description="Address of the system, https:// in production")
    timeout_seconds: float = Field(default=30.0, gt=0, le=300)
    concurrency: int = Field(default=4, ge=1, le=64, description="Calls at once within one run")

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        address = HttpUrl(value)
        if address.username or address.password or address.query or address.fragment:
            raise ValueError("is an address and nothing more: no user, no password, no query")
        return _without_slash(address)


class ExactOnlineConnection(Connection):
    """One app registration at Exact Online, one division."""

    system: Literal["exact_online"]
    client_id: str
    client_secret: SecretRef
    webhook_secret: SecretRef | None = Field(
        default=None, description="The app's webhook secret; without it the receiver refuses notices"
    )
    redirect_uri: str = Field(description="Exactly as registered with the app; the webhook receiver hosts it")
    division: int | None = Field(default=None, gt=0, description="Explicit division; else current/Me is asked once")
    refresh_age_seconds: int = Field(
        default=EXACT_REFRESH_FLOOR + 5,
        ge=EXACT_REFRESH_FLOOR,
        lt=600,
        description="Age at which a new access token is asked for. Below 570 s Exact refuses and counts an error.",
    )
    authorization_warning_days: int = Field(default=7, ge=1, le=29)
    settle_seconds: float = Field(
        default=60.0,
        ge=0,
        description="How long a write of unknown outcome may still commit; looked up again after it",
    )
    poll_overlap_seconds: int = Field(default=60, ge=0, description="Overlap of polls by Modified")
    day_reserve: int = Field(default=100, ge=0, description="Calls of the daily limit kept for people and other apps")
    time_zone: str = "Europe/Amsterdam"

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("is no time zone; write one like Europe/Amsterdam") from error
        return value


class CleoPaths(Settings):
    """Path templates (cleo 6: none of the folder and file calls is public, so all of them are settings)."""

    authentication: str = "/api/authentication"
    root: str = "/api/folders"
    folder: str = "/api/folders/{folder}"
    files: str = "/api/folders/{folder}/files"
    upload: str = "/api/folders/{folder}/files"
    content: str = "/api/files/{file}/content"
    delete: str = "/api/files/{file}"
    move: str = "/api/files/{file}/move"

    @model_validator(mode="after")
    def _below_the_base(self) -> Self:
        wanted = {"folder": "{folder}", "files": "{folder}", "upload": "{folder}"}
        wanted |= dict.fromkeys(("content", "delete", "move"), "{file}")
        for name in type(self).model_fields:
            path = getattr(self, name)
            if not path.startswith("/") or path.startswith("//") or wanted.get(name, "") not in path:
                raise ValueError(f"{name} must begin with / and hold {wanted.get(name, 'no placeholder')}")
        return self


class CleoConnection(Connection):
    """One account at Cleo Integration Cloud or Harmony; a service account without TOTP."""

    system: Literal["cleo"]
    username: str
    password: SecretRef
    totp_field: str = "totp"
    paths: CleoPaths = CleoPaths()
    folder_addressing: Literal["id", "path"] = "id"
    upload_mode: Literal["multipart", "raw"] = "multipart"
    upload_part: str = "file"
    upload_name: Literal["header", "query"] = Field(default="header", description="raw mode: where the name stands")
    upload_name_key: str = "X-File-Name"
    upload_suffix: str = Field(
        default="", description="Upload under name + suffix, then rename; only where the server can rename"
    )
    requests_per_second: float | None = Field(default=5.0, gt=0, description="Per path; null for no limit (cleo 7)")
    page_size: int = Field(default=100, ge=1, le=1000)
    pages_per_tick: int = Field(default=20, ge=1, description="Listing pages read in one go; the rest next tick")
    max_file_bytes: int = Field(default=150_000_000, gt=0)
    after_read: Literal["leave", "move", "delete"] = Field(
        default="leave", description="What happens to a file once its bytes are in the ledger"
    )
    move_to: str = Field(default="", description="Folder for after_read: move")
    stable_seconds: float = Field(
        default=5.0, ge=0, description="A file is read when its size has not changed for so long"
    )
    temporary_suffixes: tuple[str, ...] = (".tmp", ".filepart", ".incomplete", ".part")


AnyConnection = Annotated[ExactOnlineConnection | CleoConnection, Field(discriminator="system")]
