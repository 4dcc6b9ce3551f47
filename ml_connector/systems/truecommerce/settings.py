"""The settings of a connection to TrueCommerce (truecommerce 2, 3, 4, 9)."""

from typing import Literal, Self

from pydantic import Field, model_validator

from ml_connector.systems.sftp.settings import SftpConnection


class TrueCommerceConnection(SftpConnection):
    """One login at TrueCommerce's Integration FTP, over SFTP (truecommerce 2, 3, 4, 9)."""

    system: Literal["truecommerce"]
    host: str = Field(default="integrationftp.truecommerce.com", min_length=1, max_length=255)
    root_prefix: str = Field(
        default="", description="Folder above IntegrationFTP, e.g. /0123456789; empty where the login starts below it"
    )
    company_folder: str = Field(default="", description="The company's folder name in Transaction Manager")
    export_path_template: str = "IntegrationFTP/Export/{company}/Transaction"
    import_path_template: str = "IntegrationFTP/Import/{company}/Transaction"
    concurrency: int = Field(default=4, ge=1, le=16, description="Sessions at once over the one connection")
    page_size: int = Field(default=5000, ge=1, le=100_000, description="Files noted together")
    after_read: Literal["leave", "move", "rename", "delete"] = Field(
        default="leave", description="What happens to a file once its bytes are in the ledger"
    )
    stable_seconds: float = Field(
        default=30.0, ge=0, description="A file is read when size and time have not changed for so long"
    )
    age_alarm_hours: float = Field(default=72.0, gt=0, description="A file that nobody read for so long is told")
    purge_days: float = Field(default=7.0, gt=0, description="TrueCommerce deletes files of that age")

    @model_validator(mode="after")
    def _moves_somewhere(self) -> Self:
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
    def operator(self) -> str:
        """Who runs the server, in a sentence."""
        return "TrueCommerce"

    @property
    def folder_settings(self) -> str:
        return "root_prefix, company_folder"
