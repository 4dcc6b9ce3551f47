"""The settings of a connection to TrueCommerce (truecommerce 2, 3, 4, 9)."""

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from ml_connector.config.connections import MailboxSettings
from ml_connector.config.expressions import checked_expression
from ml_connector.config.secrets import SecretRef

#: `SHA256:...` as ssh-keygen prints it, optionally with the kind of key before it.
HOST_KEY = re.compile(r"(?:[a-z0-9@.-]+ )?SHA256:[A-Za-z0-9+/]{43}=?")
#: What Windows and our own ledger take as part of a file name.
_AFFIX = re.compile(r"[A-Za-z0-9_.-]*")


class TrueCommerceConnection(MailboxSettings):
    """One login at TrueCommerce's Integration FTP, over SFTP (truecommerce 2, 3, 4, 9)."""

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
    max_listing: int = Field(default=100_000, ge=1, le=1_000_000, description="Entries of a folder; more is an error")
    after_read: Literal["leave", "move", "rename", "delete"] = Field(
        default="leave", description="What happens to a file once its bytes are in the ledger"
    )
    read_suffix: str = Field(
        default=".read", min_length=1, max_length=40, description="What after_read: rename puts behind a name"
    )
    stable_seconds: float = Field(
        default=30.0, ge=0, description="A file is read when size and time have not changed for so long"
    )
    min_age_seconds: float = Field(
        default=0.0, ge=0, description="Files changed more recently, by the server's times, are not looked at yet"
    )
    age_alarm_hours: float = Field(default=72.0, gt=0, description="A file that nobody read for so long is told")
    purge_days: float = Field(default=7.0, gt=0, description="TrueCommerce deletes files of that age")

    @field_validator("host_key_fingerprint")
    @classmethod
    def _fingerprint(cls, value: str) -> str:
        if value and not HOST_KEY.fullmatch(value):
            raise ValueError("is not a fingerprint; write it as ssh-keygen -lf prints it, SHA256:...")
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
    def folders_are_shared(self) -> bool:
        """All partners of a company share one folder for each direction (truecommerce 3)."""
        return True

    @property
    def deletes_unread_after(self) -> tuple[float, float] | None:
        return self.age_alarm_hours, self.purge_days

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
