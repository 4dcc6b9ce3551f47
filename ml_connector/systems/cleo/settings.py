"""The settings of a connection to Cleo (cleo 1 to 7)."""

from typing import Literal, Self

from pydantic import Field, model_validator

from ml_connector.config.base import Settings
from ml_connector.config.connections import MailboxSettings, WebConnection
from ml_connector.config.secrets import SecretRef


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


class CleoConnection(MailboxSettings, WebConnection):
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
    shares_folders: bool = Field(
        default=False,
        description="Several partners' files come through one folder: who sent one is told by its envelope, by its"
        " layout, or by its name (channels.names of the partner)",
    )
    after_read: Literal["leave", "move", "delete"] = Field(
        default="leave", description="What happens to a file once its bytes are in the ledger"
    )

    @property
    def account(self) -> str:
        return f"{self.username}@{self.base_url}"

    @property
    def folders_are_shared(self) -> bool:
        return self.shares_folders
