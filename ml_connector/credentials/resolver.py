"""Where a secret comes from: environment, file or the store. Read at the moment of use."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ml_connector.config.secrets import SecretRef
from ml_connector.errors import ConfigError

if TYPE_CHECKING:
    from ml_connector.credentials.vault import Vault


from ml_connector.credentials.secrets import MAX_SECRET_BYTES, Secret


class SecretResolver:
    """Turns references into secrets.

    vault: a way to the store that `{store: name}` refers to, opened when first needed. folder: where relative file
    names start.
    """

    def __init__(
        self,
        vault: "Callable[[], Vault] | None" = None,
        *,
        folder: Path | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._vault = vault
        self._folder = folder or Path()
        self._environ = os.environ if environ is None else environ

    def resolve(self, reference: SecretRef, used_for: str = "") -> Secret:
        """The secret that a reference names.

        Raises:
            ConfigError: it is not there, is empty, or cannot be read. The text names the place, never the value.
        """
        needed = f" (needed for {used_for})" if used_for else ""
        if reference.env is not None:
            value = self._environ.get(reference.env, "")
            if not value:
                raise ConfigError(
                    f"Environment variable {reference.env} is not set{needed}.", remedy=f"Set {reference.env}."
                )
            return Secret(value)
        if reference.file is not None:
            return self._from_file(self._folder / reference.file, needed)
        return self._from_store(reference.store or "", needed)

    def _from_file(self, path: Path, needed: str) -> Secret:
        try:
            with path.open("rb") as file:
                raw = file.read(MAX_SECRET_BYTES + 1)
        except OSError as error:
            raise ConfigError(
                f"Secret file {path} cannot be read: {error.strerror}{needed}.", remedy="Create it, or mend its path."
            ) from None
        if len(raw) > MAX_SECRET_BYTES:
            raise ConfigError(f"Secret file {path} is larger than {MAX_SECRET_BYTES} bytes{needed}.")
        try:
            value = raw.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            raise ConfigError(f"Secret file {path} is not UTF-8 text{needed}.") from None
        if not value:
            raise ConfigError(f"Secret file {path} is empty{needed}.", remedy="Write the secret into it.")
        return Secret(value)

    def _from_store(self, name: str, needed: str) -> Secret:
        command = f"ml-connector credentials set {name}"
        if self._vault is None:
            raise ConfigError(f"Credential {name!r} stands in the store, and no store is open{needed}.")
        found = self._vault().get(name)
        if found is None:
            raise ConfigError(f"The credential store has no {name!r}{needed}.", remedy=f"Run `{command}`.")
        return found
