"""The settings of what speaks SFTP: who logs in where, how files are put there and read."""

import re
from typing import Self

from pydantic import Field, field_validator, model_validator

from ml_connector.config.base import Settings
from ml_connector.config.connections import MailboxSettings
from ml_connector.config.expressions import checked_expression
from ml_connector.config.secrets import SecretRef

#: `SHA256:...` as ssh-keygen prints it, optionally with the kind of key before it.
HOST_KEY = re.compile(r"(?:[a-z0-9@.-]+ )?SHA256:[A-Za-z0-9+/]{43}=?")
#: What Windows and our own ledger take as part of a file name.
_AFFIX = re.compile(r"[A-Za-z0-9_.-]*")


class SftpAccess(Settings):
    """One login at a server."""

    host: str = Field(min_length=1, max_length=255)
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
    max_listing: int = Field(default=100_000, ge=1, le=1_000_000, description="Entries of a folder; more is an error")
    read_suffix: str = Field(
        default=".read", min_length=1, max_length=40, description="What after_read: rename puts behind a name"
    )
    min_age_seconds: float = Field(
        default=0.0, ge=0, description="Files changed more recently, by the server's times, are not looked at yet"
    )

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
        return self

    @property
    def address(self) -> str:
        """Host and port, for messages."""
        return f"{self.host}:{self.port}"

    @property
    def renames(self) -> bool:
        """Whether uploads stand under a temporary name first."""
        return self.use_rename and bool(self.temp_prefix or self.temp_suffix)

    @property
    def operator(self) -> str:
        """Who runs the server, in a sentence."""
        return "those who run the server"

    @property
    def folder_settings(self) -> str:
        """The settings that say where folders are, in a sentence."""
        return "the connection's folders"


class SftpConnection(SftpAccess, MailboxSettings):
    """A login, and how its folders are read."""
