"""The keys of the credential store: from the environment or from a file of mode 600, never from the database."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet

from ml_connector.errors import ConfigError

KEY_VARIABLE = "ML_CONNECTOR_KEY"
KEY_FILE_VARIABLE = "ML_CONNECTOR_KEY_FILE"
KEY_FILE_NAME = "key"
_MAX_KEY_FILE_BYTES = 16_384
_HOW = "Run `ml-connector credentials generate-key`, or set ML_CONNECTOR_KEY."


def key_file(home: Path, environ: Mapping[str, str] | None = None) -> Path:
    """Where the key file stands: ML_CONNECTOR_KEY_FILE, else `key` in the home folder."""
    named = (os.environ if environ is None else environ).get(KEY_FILE_VARIABLE)
    return Path(named) if named else home / KEY_FILE_NAME


def load_keys(home: Path, environ: Mapping[str, str] | None = None) -> list[bytes]:
    """All keys; the first encrypts, every one decrypts.

    The environment variable ML_CONNECTOR_KEY (comma separated) goes before the file (one key a line).

    Raises:
        ConfigError: there is none, one is not a Fernet key, or others can read the file.
    """
    text = (os.environ if environ is None else environ).get(KEY_VARIABLE, "")
    if text.strip():
        return _checked([part.strip() for part in text.split(",")], f"environment variable {KEY_VARIABLE}")
    path = key_file(home, environ)
    return _checked(_lines(path), f"key file {path}")


def generate_key_file(path: Path) -> None:
    """Write a new random key into a new file of mode 600.

    Raises:
        ConfigError: the file is there already (it is never overwritten: that would lose every credential).
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        _write_new(path, [Fernet.generate_key().decode()])
    except FileExistsError:
        raise ConfigError(
            f"Key file {path} is there already.", remedy="Keep it; `ml-connector credentials rotate` adds a new key."
        ) from None


def add_key(path: Path) -> None:
    """Put a new key in front of the file's keys: it encrypts from now on, the old ones still decrypt."""
    _replace(path, [Fernet.generate_key().decode(), *_keys_in(path)])


def drop_old_keys(path: Path) -> None:
    """Keep only the first key. Only after everything stands under it (`Vault.under_old_keys` is 0)."""
    _replace(path, _keys_in(path)[:1])


def key_in(path: Path) -> bytes:
    """The first key of a key file, for other uses than the credential store.

    Raises:
        ConfigError: it is missing, holds no key, or others can read it.
    """
    return _keys_in(path)[0].encode("ascii")


def _keys_in(path: Path) -> list[str]:
    return [key.decode() for key in _checked(_lines(path), f"key file {path}")]


def _lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            _refuse_open_file(path, os.fstat(file.fileno()).st_mode)
            raw = file.read(_MAX_KEY_FILE_BYTES)
    except FileNotFoundError:
        raise ConfigError(f"The credential store has no key: no {KEY_VARIABLE}, no {path}.", remedy=_HOW) from None
    except OSError as error:
        raise ConfigError(f"Key file {path} cannot be read: {error.strerror}.", remedy=_HOW) from None
    lines = (line.strip() for line in raw.decode("ascii", "replace").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _refuse_open_file(path: Path, mode: int) -> None:
    if stat.S_IMODE(mode) & 0o077:
        raise ConfigError(
            f"Key file {path} has mode {stat.S_IMODE(mode):03o}: others can read or write it.",
            remedy=f"Run `chmod 600 {path}`.",
        )


def _checked(texts: list[str], place: str) -> list[bytes]:
    if not texts:
        raise ConfigError(f"The {place} holds no key.", remedy=_HOW)
    keys: list[bytes] = []
    for position, text in enumerate(texts, start=1):
        try:
            Fernet(text)
        except ValueError:
            raise ConfigError(
                f"Key {position} of the {place} is not a key (32 bytes in URL-safe base64).", remedy=_HOW
            ) from None
        keys.append(text.encode("ascii"))
    return keys


def _replace(path: Path, keys: list[str]) -> None:
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    _write_new(beside, keys)
    beside.replace(path)


def _write_new(path: Path, keys: list[str]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write("# Keys of the credential store; the first encrypts. Back this file up; share it with nobody.\n")
        file.writelines(f"{key}\n" for key in keys)
        file.flush()
        os.fsync(file.fileno())
