"""References are resolved when used; what is missing is named by its place, and no value is shown."""

import traceback
from pathlib import Path

import pytest

from ml_connector.config.secrets import SecretRef
from ml_connector.credentials.resolver import SecretResolver
from ml_connector.credentials.secrets import Secret
from ml_connector.errors import ConfigError
from ml_connector_tests.credentials.support import room


def test_each_place_is_read_at_the_moment_of_use(tmp_path: Path) -> None:
    environ = {"PASSWORD": "one"}
    (tmp_path / "file").write_text("two\n", encoding="utf-8")
    with room(tmp_path) as place:
        place.vault.put("stored", Secret("three"))
        resolver = SecretResolver(lambda: place.vault, folder=tmp_path, environ=environ)
        references = [SecretRef(env="PASSWORD"), SecretRef(file=Path("file")), SecretRef(store="stored")]
        assert [resolver.resolve(reference).reveal() for reference in references] == ["one", "two", "three"]
        environ["PASSWORD"] = "changed"
        assert resolver.resolve(references[0]) == "changed"


def test_the_store_is_not_opened_before_it_is_needed() -> None:
    def never() -> None:
        raise AssertionError("opened")

    resolver = SecretResolver(never, environ={"A": "x"})  # type: ignore[arg-type]
    assert resolver.resolve(SecretRef(env="A")) == "x"


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        (SecretRef(env="MISSING"), "Environment variable MISSING is not set (needed for the test)"),
        (SecretRef(file=Path("missing")), "cannot be read"),
        (SecretRef(file=Path("empty")), "is empty"),
        (SecretRef(file=Path("binary")), "is not UTF-8 text"),
        (SecretRef(file=Path("large")), "is larger than"),
        (SecretRef(store="missing"), "ml-connector credentials set missing"),
    ],
)
def test_what_is_missing_is_named_with_its_mend(tmp_path: Path, reference: SecretRef, words: str) -> None:
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    (tmp_path / "binary").write_bytes(b"\xff\xfehunter2")
    (tmp_path / "large").write_bytes(b"hunter2" * 10_000)
    with room(tmp_path) as place:
        resolver = SecretResolver(lambda: place.vault, folder=tmp_path, environ={})
        with pytest.raises(ConfigError) as caught:
            resolver.resolve(reference, "the test")
    assert words in str(caught.value)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
