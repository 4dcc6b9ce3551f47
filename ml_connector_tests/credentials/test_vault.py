"""The credential store: what is encrypted, which key opens it, how keys are changed, and that nothing shows."""

import pickle
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from ml_connector.credentials.keys import add_key, drop_old_keys, generate_key_file, key_file, load_keys
from ml_connector.credentials.secrets import Secret
from ml_connector.credentials.tokens import NewPair, TokenStore
from ml_connector.credentials.vault import Vault
from ml_connector.errors import ConfigError, WeAreWrong
from ml_connector.ledger.tables.documents import credential
from ml_connector_tests.credentials.support import Room, everything_on_disk, pair_of, room

PASSWORD = "correct horse battery staple"


@pytest.fixture
def place(tmp_path: Path, fresh_url: str) -> Iterator[Room]:
    with room(tmp_path, fresh_url) as made:
        yield made


def test_a_credential_comes_back_and_can_be_replaced_and_forgotten(place: Room) -> None:
    place.vault.put("cleo", Secret("old"))
    place.vault.put("cleo", Secret(PASSWORD))
    place.vault.put("exact", Secret("other"))
    assert place.vault.get("cleo") == PASSWORD
    assert place.vault.names() == ["cleo", "exact"]
    assert place.vault.delete("cleo")
    assert not place.vault.delete("cleo")
    assert place.vault.get("cleo") is None


def test_the_database_holds_no_clear_text(tmp_path: Path) -> None:
    with room(tmp_path) as place:
        _look_at_the_disk(place)


def _look_at_the_disk(place: Room) -> None:
    place.vault.put("cleo", Secret(PASSWORD))
    store = TokenStore(place.ledger, place.vault, "exact_nl")
    store.store_pair(NewPair(Secret("access-abc"), Secret("refresh-abc"), place.clock.now(), None), generation=None)
    state = store.new_state()
    disk = everything_on_disk(place.folder)
    for secret in (PASSWORD, "access-abc", "refresh-abc", state):
        assert secret.encode() not in disk


def test_a_wrong_key_says_so_and_shows_nothing(place: Room) -> None:
    place.vault.put("cleo", Secret(PASSWORD))
    stranger = Vault(place.ledger, [Fernet.generate_key()])
    with pytest.raises(ConfigError, match="None of the keys opens the stored value of credential:cleo") as caught:
        stranger.get("cleo")
    assert "ML_CONNECTOR_KEY" in caught.value.remedy
    with pytest.raises(ConfigError, match="None of the keys"):
        stranger.rotate()
    assert place.vault.get("cleo") == PASSWORD


def test_a_value_copied_into_another_row_is_noticed(place: Room) -> None:
    place.vault.put("mine", Secret(PASSWORD))
    place.vault.put("theirs", Secret("x"))
    with place.ledger.write() as tx:
        value = tx.execute(sa.select(credential.c.value).where(credential.c.name == "theirs")).scalar_one()
        tx.execute(sa.update(credential).where(credential.c.name == "mine").values(value=value))
    with pytest.raises(WeAreWrong, match="encrypted for something else"):
        place.vault.get("mine")


def test_rotation_moves_everything_under_the_new_key(place: Room) -> None:
    place.vault.put("cleo", Secret(PASSWORD))
    store = TokenStore(place.ledger, place.vault, "exact_nl")
    store.store_pair(NewPair(Secret("access"), Secret("refresh"), place.clock.now(), None), generation=None)
    TokenStore(place.ledger, place.vault, "never_authorized").new_state()
    old = place.keys[0]
    place.keys.insert(0, Fernet.generate_key())
    assert place.vault.under_old_keys() == 3
    done = place.vault.rotate()
    assert (done.credentials, done.tokens) == (1, 2)
    assert place.vault.under_old_keys() == 0
    place.keys.remove(old)
    assert place.vault.get("cleo") == PASSWORD
    row = TokenStore(place.ledger, place.vault, "exact_nl").read()
    assert row is not None
    assert pair_of(row) == ("access", "refresh")


def test_rotation_never_brings_an_older_token_back(place: Room) -> None:
    """Tokens that are stored while everything is encrypted anew are the ones that remain."""
    place.keys.insert(0, Fernet.generate_key())
    store = TokenStore(place.ledger, place.vault, "exact_nl")
    store.store_pair(NewPair(Secret("a0"), Secret("r0"), place.clock.now(), None), generation=None)
    done = threading.Event()

    def rotate() -> None:
        vault = place.vault
        while not done.is_set():
            vault.rotate()

    thread = threading.Thread(target=rotate)
    thread.start()
    try:
        for number in range(1, 40):
            pair = NewPair(Secret(f"a{number}"), Secret(f"r{number}"), place.clock.now(), None)
            assert store.store_pair(pair, generation=number)
            row = store.read()
            assert row is not None
            assert pair_of(row) == (f"a{number}", f"r{number}")
    finally:
        done.set()
        thread.join()


def test_a_running_process_takes_up_a_key_that_was_added_meanwhile(place: Room) -> None:
    running = place.vault
    running.put("cleo", Secret("before"))
    place.keys.insert(0, Fernet.generate_key())
    place.vault.put("cleo", Secret("after"))
    assert running.get("cleo") == "after"


def test_a_running_process_writes_nothing_under_a_key_that_was_dropped_meanwhile(place: Room) -> None:
    """Its refresh may last longer than the rotation: a new pair that nobody else could read would be lost."""
    running = TokenStore(place.ledger, place.vault, "exact_nl")
    running.store_pair(NewPair(Secret("a0"), Secret("r0"), place.clock.now(), None), generation=None)
    place.keys.insert(0, Fernet.generate_key())
    place.vault.rotate()
    assert place.vault.under_old_keys() == 0
    del place.keys[1:]
    assert running.store_pair(NewPair(Secret("a1"), Secret("r1"), place.clock.now(), None), generation=1)
    assert pair_of(TokenStore(place.ledger, place.vault, "exact_nl").read()) == ("a1", "r1")


def test_a_pair_is_kept_even_where_the_keys_cannot_be_read_any_more(place: Room) -> None:
    def keys() -> list[bytes]:
        if not place.keys:
            raise ConfigError("The key file has gone.")
        return list(place.keys)

    running = Vault(place.ledger, keys)
    running.put("cleo", Secret("before"))
    kept, place.keys[:] = list(place.keys), []
    running.put("cleo", Secret("after"))
    place.keys[:] = kept
    assert place.vault.get("cleo") == "after"


def test_fingerprints_tell_secrets_apart_only_with_the_key(place: Room) -> None:
    ours = place.vault
    assert ours.fingerprint("a") == ours.fingerprint("a") != ours.fingerprint("b")
    assert Vault(place.ledger, [Fernet.generate_key()]).fingerprint("a") != ours.fingerprint("a")


@pytest.mark.parametrize("name", ["", "x" * 121, "line\nbreak"])
def test_odd_names_are_refused(place: Room, name: str) -> None:
    with pytest.raises(ConfigError, match="not a credential name"):
        place.vault.put(name, Secret("x"))


def test_the_key_file_is_made_for_its_owner_alone_and_never_overwritten(tmp_path: Path) -> None:
    path = key_file(tmp_path / "home", {})
    generate_key_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="there already"):
        generate_key_file(path)
    assert path.read_bytes() == before
    assert len(load_keys(tmp_path / "home", {})) == 1


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o606])
def test_a_key_file_that_others_can_touch_is_refused_with_the_mend(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    generate_key_file(path)
    path.chmod(mode)
    with pytest.raises(ConfigError, match=f"mode {mode:03o}") as caught:
        load_keys(tmp_path, {})
    assert caught.value.remedy == f"Run `chmod 600 {path}`."


def test_a_new_key_goes_first_and_old_ones_can_be_dropped(tmp_path: Path) -> None:
    path = tmp_path / "key"
    generate_key_file(path)
    first = load_keys(tmp_path, {})
    add_key(path)
    both = load_keys(tmp_path, {})
    assert both[1:] == first
    assert path.stat().st_mode & 0o777 == 0o600
    drop_old_keys(path)
    assert load_keys(tmp_path, {}) == both[:1]


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    one, two = Fernet.generate_key(), Fernet.generate_key()
    elsewhere = tmp_path / "elsewhere"
    generate_key_file(elsewhere)
    environ = {"ML_CONNECTOR_KEY": f"{one.decode()}, {two.decode()}", "ML_CONNECTOR_KEY_FILE": str(elsewhere)}
    assert load_keys(tmp_path, environ) == [one, two]
    assert load_keys(tmp_path, {"ML_CONNECTOR_KEY_FILE": str(elsewhere)})[0] not in (one, two)


def test_a_bad_key_is_named_by_its_place_and_not_shown(tmp_path: Path) -> None:
    environ = {"ML_CONNECTOR_KEY": f"{Fernet.generate_key().decode()},hunter2"}
    with pytest.raises(ConfigError, match="Key 2 of the environment variable") as caught:
        load_keys(tmp_path, environ)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_no_key_at_all_tells_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ml-connector credentials generate-key"):
        load_keys(tmp_path, {})


def test_a_secret_shows_itself_to_nobody_but_reveal() -> None:
    secret = Secret(PASSWORD)
    assert secret.reveal() == PASSWORD
    for shown in (repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", f"{secret:s}", repr([secret])):
        assert PASSWORD not in shown
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert not hasattr(secret, "__dict__")
    assert bool(secret)
    assert not Secret("")
    assert secret == Secret(PASSWORD)
    assert secret != Secret("x")
    assert secret != 5
