"""Connections: one configured account at one system."""

import re
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, HttpUrl, field_validator, model_validator

from ml_connector.config.base import Settings, web_address, zone_name
from ml_connector.config.expressions import checked_expression
from ml_connector.config.secrets import SecretRef

#: A new access token may be asked for at this age at the earliest (exact-online 2.3: the 9:30 rule).
EXACT_REFRESH_FLOOR = 570


def _without_slash(value: HttpUrl) -> str:
    return str(value).rstrip("/")


class Calling(Settings):
    """What every connection has that makes calls."""

    timeout_seconds: float = Field(default=30.0, gt=0, le=300)
    longest_call_seconds: float | None = Field(
        default=None,
        gt=0,
        le=3600,
        description="How long a call may be on its way, from its first byte to its effect; what a worker that is gone"
        " left is not written again before. Empty: twice timeout_seconds",
    )

    @property
    def longest_call(self) -> float:
        """Seconds: sending may stall as long as an answer may."""
        return self.longest_call_seconds or 2 * self.timeout_seconds


class Connection(Calling):
    """What every connection over HTTP has."""

    base_url: str = Field(description="Address of the system, https:// in production")
    concurrency: int = Field(default=4, ge=1, le=64, description="Calls at once within one run")

    @property
    def account(self) -> str:
        """Whose account it is there: by it a connection is recognised under another name."""
        return ""

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
        return _without_slash(address)


class ExactOnlineConnection(Connection):
    """One app registration at Exact Online, one division."""

    #: An ERP has no folders.
    shares_folders: ClassVar[bool] = False

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
    language: str = Field(
        default="", max_length=10, description="Language of descriptions (NL, FR-BE, EN-GB); empty: the user's own"
    )
    full_sync_days: int = Field(
        default=7, ge=1, le=60, description="How often synchronised tables are read whole all the same"
    )
    closed_order_days: int = Field(
        default=365, ge=0, description="How long orders invoiced in full stay in the table of open orders"
    )
    credit_note_sign: Literal[1, -1] = Field(
        default=1, description="Sign of quantities and amounts on matched credit notes (Type 8034)"
    )
    without: tuple[Literal["cost_centers", "cost_units"], ...] = Field(
        default=(), description="Tables that this edition of Exact does not have (403): taken as empty, never asked for"
    )
    failure_texts: tuple[str, ...] = Field(
        default=(), description="Further texts of a 500 that mean a failure at Exact and no business message"
    )

    @property
    def account(self) -> str:
        return self.client_id

    _zone = field_validator("time_zone")(zone_name)
    _redirect = field_validator("redirect_uri")(web_address)


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
    totp_field: str = Field(
        default="totp", min_length=1, description="Form field of a one-time code (`credentials authorize --code`)"
    )
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
    shares_folders: bool = Field(
        default=False,
        description="Several partners' files come through one folder: who sent one is told by its envelope, by its"
        " layout, or by its name (channels.names of the partner)",
    )
    after_read: Literal["leave", "move", "delete"] = Field(
        default="leave", description="What happens to a file once its bytes are in the ledger"
    )
    move_to: str = Field(default="", description="Folder for after_read: move")
    stable_seconds: float = Field(
        default=5.0, ge=0, description="A file is read when its size has not changed for so long"
    )
    temporary_suffixes: tuple[str, ...] = (".tmp", ".filepart", ".incomplete", ".part")
    temporary_alarm_hours: float = Field(
        default=2.0, gt=0, description="A file that stays under a temporary name unchanged for so long is told"
    )

    @property
    def account(self) -> str:
        return f"{self.username}@{self.base_url}"


#: `SHA256:...` as ssh-keygen prints it, optionally with the kind of key before it.
HOST_KEY = re.compile(r"(?:[a-z0-9@.-]+ )?SHA256:[A-Za-z0-9+/]{43}=?")
#: What Windows and our own ledger take as part of a file name.
_AFFIX = re.compile(r"[A-Za-z0-9_.-]*")


class TrueCommerceConnection(Calling):
    """One login at TrueCommerce's Integration FTP, over SFTP (truecommerce 2, 3, 4, 9)."""

    #: All partners of a company share one folder for each direction (truecommerce 3).
    shares_folders: ClassVar[bool] = True

    system: Literal["truecommerce"]
    host: str = Field(default="integrationftp.truecommerce.com", min_length=1, max_length=255)
    port: int = Field(default=22, ge=1, le=65535)
    username: str = Field(min_length=1)
    password: SecretRef | None = None
    private_key: SecretRef | None = Field(default=None, description="An OpenSSH or PEM private key")
    private_key_passphrase: SecretRef | None = None
    host_key_fingerprint: str = Field(
        default="",
        description="The server's key, `SHA256:...` or `ssh-ed25519 SHA256:...`; empty: the one that"
        " `ml-connector credentials accept-host-key` accepted",
    )
    root_prefix: str = Field(
        default="", description="Folder above IntegrationFTP, e.g. /0123456789; empty where the login starts below it"
    )
    company_folder: str = Field(default="", description="The company's folder name in Transaction Manager")
    export_path_template: str = "IntegrationFTP/Export/{company}/Transaction"
    import_path_template: str = "IntegrationFTP/Import/{company}/Transaction"
    include_pattern: str = Field(default="", description="Regular expression on whole file names; empty: all")
    exclude_pattern: str = Field(default="", description="Regular expression; names that fit are left alone")
    use_rename: bool = Field(default=True, description="Upload under a temporary name, then rename")
    temp_prefix: str = Field(default="", max_length=40)
    temp_suffix: str = Field(
        default=".tmp", max_length=40, description="With temp_prefix also empty: straight to the final name"
    )
    write_directly_if_rename_refused: bool = Field(
        default=False,
        description="Where the server refuses to rename, write under the final name: a connection cut then leaves"
        " half a file there",
    )
    keepalive_seconds: int = Field(default=30, ge=0, le=600)
    concurrency: int = Field(default=4, ge=1, le=16, description="Sessions at once over the one connection")
    page_size: int = Field(default=5000, ge=1, le=100_000, description="Files noted together")
    pages_per_tick: int = Field(default=20, ge=1)
    max_listing: int = Field(default=100_000, ge=1, le=1_000_000, description="Entries of a folder; more is an error")
    max_file_bytes: int = Field(default=150_000_000, gt=0)
    after_read: Literal["leave", "move", "rename", "delete"] = Field(
        default="leave", description="What happens to a file once its bytes are in the ledger"
    )
    move_to: str = Field(default="", description="Folder for after_read: move")
    read_suffix: str = Field(
        default=".read", min_length=1, max_length=40, description="What after_read: rename puts behind a name"
    )
    stable_seconds: float = Field(
        default=30.0, ge=0, description="A file is read when size and time have not changed for so long"
    )
    min_age_seconds: float = Field(
        default=0.0, ge=0, description="Files changed more recently, by the server's times, are not looked at yet"
    )
    temporary_suffixes: tuple[str, ...] = (".tmp", ".filepart", ".incomplete", ".part")
    temporary_alarm_hours: float = Field(
        default=2.0, gt=0, description="A file that stays under a temporary name unchanged for so long is told"
    )
    age_alarm_hours: float = Field(default=72.0, gt=0, description="A file that nobody read for so long is told")
    purge_days: float = Field(default=7.0, gt=0, description="TrueCommerce deletes files of that age")

    @field_validator("host_key_fingerprint")
    @classmethod
    def _fingerprint(cls, value: str) -> str:
        if value and not HOST_KEY.fullmatch(value):
            raise ValueError("is no fingerprint; write it as ssh-keygen -lf prints it, SHA256:...")
        return value

    @field_validator("temp_prefix", "temp_suffix", "read_suffix")
    @classmethod
    def _affix(cls, value: str) -> str:
        if not _AFFIX.fullmatch(value):
            raise ValueError("may hold letters, digits, . _ and -")
        return value

    @field_validator("include_pattern", "exclude_pattern")
    @classmethod
    def _pattern(cls, value: str) -> str:
        return checked_expression(value)

    @model_validator(mode="after")
    def _can_log_in(self) -> Self:
        if self.password is None and self.private_key is None:
            raise ValueError("give password or private_key")
        if self.after_read == "move" and not self.move_to:
            raise ValueError("after_read is move: name the folder in move_to")
        return self

    @property
    def account(self) -> str:
        """Whose account it is there: by it a connection is recognised under another name."""
        return f"{self.username}@{self.place}"

    @property
    def place(self) -> str:
        """Where its folders are, whoever looks at them."""
        return f"{self.address}{self.root_prefix}/{self.company_folder}"

    @property
    def address(self) -> str:
        """Host and port, for messages."""
        return f"{self.host}:{self.port}"

    @property
    def renames(self) -> bool:
        """Whether uploads stand under a temporary name first."""
        return self.use_rename and bool(self.temp_prefix or self.temp_suffix)


AnyConnection = Annotated[
    ExactOnlineConnection | CleoConnection | TrueCommerceConnection, Field(discriminator="system")
]
