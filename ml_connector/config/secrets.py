"""References to secrets. The values themselves never stand in a configuration file."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from ml_connector.config.base import Settings


class SecretRef(Settings):
    """Where a secret stands: an environment variable, a file, or the encrypted credential store."""

    env: str | None = Field(default=None, description="Name of an environment variable")
    file: Path | None = Field(
        default=None, description="A file, relative to the configuration; keep it for its owner alone"
    )
    store: str | None = Field(default=None, description="A name in the credential store (ml-connector credentials set)")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if sum(place is not None for place in (self.env, self.file, self.store)) != 1:
            raise ValueError("give exactly one of env, file, store")
        return self

    def __str__(self) -> str:
        if self.env is not None:
            return f"environment variable {self.env}"
        return f"file {self.file}" if self.file is not None else f"stored credential {self.store}"
