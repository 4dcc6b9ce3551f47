"""Reading: one listing a look, whole files only, nothing taken away that was not read."""

import pytest

from ml_connector.errors import ConfigError, RefusedBySystem, TryAgain
from ml_connector.flows.core.ports import RemoteFile
from ml_connector.sandbox.cleo.files import Growth
from ml_connector.sandbox.faults import FaultKind
from ml_connector.sandbox.truecommerce.state import BELOW_USER, COMPANY
from ml_connector_tests.systems.truecommerce.bench import Bench, fetched, listed


def test_a_listing_shows_files_oldest_first_and_no_folders_or_hidden_names(tc: Bench) -> None:
    tc.put("second.edi", b"22")
    tc.put("first.XML", b"1").modified = tc.clock.now().replace(year=2025)
    tc.put(".hidden", b"x")
    tc.tree.make(f"{tc.service.state.export_path}/folder")
    files = listed(tc.network())
    assert list(files) == ["first.XML", "second.edi"]
    assert (files["second.edi"].remote_id, files["second.edi"].size) == ("second.edi", 2)


def test_five_thousand_files_are_one_listing_and_pages_cost_nothing_more(tc: Bench) -> None:
    tc.service.fill(5000, "f_{n}.edi", b"x")
    network = tc.network()
    start: int | None = 0
    names: list[str] = []
    while start is not None:
        page = network.list_files("Export", start=start, limit=700)
        names += [file.name for file in page.files]
        start = page.next_start
    assert len(set(names)) == len(names) == 5000
    assert tc.calls("LIST") == 1
    assert tc.calls("OPEN") == tc.calls("READ") == 0
    network.list_files("Export", start=0, limit=10_000)
    assert tc.calls("LIST") == 2
    assert network.pool.connects == 1


@pytest.mark.parametrize("size", [0, 1, 32_767, 32_768, 65_537, 1_500_000])
def test_files_of_every_size_come_byte_for_byte(tc: Bench, size: int) -> None:
    data = bytes(range(251)) * (size // 251 + 1)
    tc.put("a.edi", data[:size])
    network = tc.network()
    assert fetched(network, listed(network)["a.edi"]) == data[:size]


@pytest.mark.parametrize(
    ("root", "company", "user"),
    [
        ("/0123456789", COMPANY, "voltwerk"),
        ("0123456789", COMPANY.upper(), "voltwerk"),
        ("", COMPANY.lower(), BELOW_USER),
        ("/", COMPANY, BELOW_USER),
    ],
)
def test_folders_are_found_whatever_their_case_and_where_the_login_starts(
    tc: Bench, root: str, company: str, user: str
) -> None:
    """The company's name holds blanks and an ampersand."""
    tc.put("a b & c.edi", b"x")
    network = tc.network(root_prefix=root, company_folder=company, username=user)
    assert fetched(network, listed(network, "export")["a b & c.edi"], "export") == b"x"
    network.upload("IMPORT", "up.edi", b"y")
    assert tc.imported() == {"up.edi": b"y"}


def test_whole_paths_and_other_companies_are_channels_too(tc: Bench) -> None:
    tc.tree.make("/0123456789/IntegrationFTP/Export/Other/Transaction")
    tc.put("o.edi", b"x", folder="/0123456789/IntegrationFTP/Export/Other/Transaction")
    network = tc.network()
    assert list(listed(network, "Export/other")) == ["o.edi"]
    assert list(listed(network, "/0123456789/IntegrationFTP/Export/Other/Transaction")) == ["o.edi"]
    assert list(listed(network, "IntegrationFTP/Export/Other/Transaction")) == ["o.edi"]


@pytest.mark.parametrize("channel", ["Import", "/0123456789/IntegrationFTP/Import/X/Transaction", "Import/Other"])
def test_import_is_not_read(tc: Bench, channel: str) -> None:
    with pytest.raises(ConfigError, match=r"not for reading.*Export"):
        tc.network().list_files(channel, start=0, limit=10)


def test_export_is_not_written_to(tc: Bench) -> None:
    with pytest.raises(ConfigError, match=r"not for writing.*Import"):
        tc.network().upload("Export", "a.edi", b"x")


def test_a_missing_folder_names_what_is_there(tc: Bench) -> None:
    with pytest.raises(ConfigError, match=r"no folder 'Nobody'.*company_folder.*Voltwerk Industries & Sons"):
        tc.network(company_folder="Nobody").list_files("Export", start=0, limit=10)


def test_two_folders_that_differ_in_case_only_are_not_guessed_between(tc: Bench) -> None:
    tc.tree.make(f"/0123456789/IntegrationFTP/Export/{COMPANY.upper()}")
    with pytest.raises(ConfigError, match="but for case"):
        tc.network(company_folder=COMPANY.lower()).list_files("Export", start=0, limit=10)


def test_a_folder_that_was_made_anew_is_found_again(tc: Bench) -> None:
    network = tc.network(company_folder=COMPANY.upper())
    tc.put("a.edi", b"x")
    assert list(listed(network)) == ["a.edi"]
    companies = tc.tree.folder("/0123456789/IntegrationFTP/Export").entries
    companies[COMPANY.title()] = companies.pop(COMPANY)
    assert list(listed(network)) == ["a.edi"]


def test_patterns_choose_by_name_whatever_the_case(tc: Bench) -> None:
    for name in ("850_1.XML", "850_2.xml", "850_3.csv", "850_test.xml"):
        tc.put(name, b"x")
    network = tc.network(include_pattern=r".*\.xml", exclude_pattern=r".*_TEST\..*")
    assert set(listed(network)) == {"850_1.XML", "850_2.xml"}


def test_files_below_an_age_are_not_looked_at(tc: Bench) -> None:
    tc.put("young.edi", b"x")
    network = tc.network(min_age_seconds=60)
    assert listed(network) == {}
    tc.clock.move(61)
    assert list(listed(network)) == ["young.edi"]


# ---------------------------------------------------------------------- files that change or go


def test_a_file_that_went_between_listing_and_reading_is_gone(tc: Bench) -> None:
    tc.put("a.edi", b"x")
    network = tc.network()
    file = listed(network)["a.edi"]
    tc.tree.remove(f"{tc.service.state.export_path}/a.edi")
    with pytest.raises(FileNotFoundError):
        fetched(network, file)


def test_a_file_that_has_grown_since_it_was_listed_is_left_for_later(tc: Bench) -> None:
    tc.put("a.edi", b"half")
    network = tc.network()
    file = listed(network)["a.edi"]
    tc.put("a.edi", b"half and half")
    with pytest.raises(RefusedBySystem, match="changed since it was listed"):
        fetched(network, file)
    assert fetched(network, listed(network)["a.edi"]) == b"half and half"


def test_a_file_that_grows_while_it_is_read_is_never_given_out_as_whole(tc: Bench) -> None:
    tc.put("a.edi", b"x" * 100_000, growth=Growth(polls=3))
    network = tc.network()
    file = listed(network)["a.edi"]
    chunks = network.fetch("Export", file)
    next(chunks)
    listed(tc.network())  # grows a step
    with pytest.raises(RefusedBySystem, match="changed"):
        b"".join(chunks)


def test_a_connection_cut_in_the_middle_of_a_file_is_opened_again_and_the_rest_read(tc: Bench) -> None:
    data = bytes(range(256)) * 4000
    tc.put("a.edi", data)
    network = tc.network()
    file = listed(network)["a.edi"]
    tc.fault(FaultKind.HALF_WRITTEN, "READ", skip=5)
    assert fetched(network, file) == data
    assert network.pool.connects == 2


def test_a_server_that_cuts_every_time_is_tried_again_later_not_forever(tc: Bench) -> None:
    tc.put("a.edi", b"x" * 50_000)
    network = tc.network()
    file = listed(network)["a.edi"]
    tc.fault(FaultKind.RESET_BEFORE, "READ", count=None)
    with pytest.raises(TryAgain, match="broke"):
        fetched(network, file)
    assert network.pool.connects <= 3


def test_a_file_that_may_not_be_read_says_so_and_the_session_goes_on(tc: Bench) -> None:
    tc.put("a.edi", b"x")
    tc.put("b.edi", b"y")
    network = tc.network()
    files = listed(network)
    tc.fault(FaultKind.STATUS, "OPEN", "*/a.edi", status=3)
    with pytest.raises(RefusedBySystem, match=r"a\.edi cannot be read \(Permission denied\)"):
        fetched(network, files["a.edi"])
    assert fetched(network, files["b.edi"]) == b"y"
    assert network.pool.connects == 1


# ---------------------------------------------------------------------- taking away what was read


def test_a_read_file_is_deleted_and_a_second_time_is_a_success(tc: Bench) -> None:
    tc.put("a.edi", b"x")
    network = tc.network()
    file = listed(network)["a.edi"]
    network.dispose("Export", file, policy="delete")
    network.dispose("Export", file, policy="delete")
    assert tc.exported() == {}


def test_another_file_under_the_name_of_a_read_one_is_never_deleted(tc: Bench) -> None:
    """Transaction Manager may write the same name again before we delete what we read."""
    tc.put("a.edi", b"first")
    network = tc.network()
    file = listed(network)["a.edi"]
    tc.clock.move(5)
    tc.put("a.edi", b"other")
    network.dispose("Export", file, policy="delete")
    tc.put("a.edi", b"and longer")
    network.dispose("Export", RemoteFile("a.edi", "a.edi", 5), policy="delete")
    assert tc.exported() == {"a.edi": b"and longer"}


def test_read_files_move_and_take_another_name_where_theirs_is_taken(tc: Bench) -> None:
    done = f"{tc.service.state.export_path}/Done"
    tc.tree.make(done)
    network = tc.network()
    for data in (b"one", b"more"):
        tc.put("a.edi", data)
        network.dispose("Export", listed(network)["a.edi"], policy="move", move_to="done")
    names = [name for name, _ in tc.tree.files(done)]
    assert len(names) == 2
    assert "a.edi" in names
    assert tc.exported() == {}


def test_read_files_are_renamed_and_not_listed_again(tc: Bench) -> None:
    """In the same folder, for logins that may neither delete nor use another one; a name that is taken gets a time."""
    network = tc.network(after_read="rename")
    for data in (b"one", b"more"):
        tc.put("a.edi", data)
        network.dispose("Export", listed(network)["a.edi"], policy="rename")
    names = list(tc.exported())
    assert len(names) == 2
    assert "a.edi.read" in names
    assert all(name.endswith(".read") for name in names)
    assert listed(network) == {}
    network.dispose("Export", RemoteFile("a.edi", "a.edi", 3), policy="rename")
    assert len(tc.exported()) == 2


def test_a_refused_delete_is_told_and_the_file_stays(tc: Bench) -> None:
    tc.put("a.edi", b"x")
    network = tc.network()
    file = listed(network)["a.edi"]
    tc.service.state.options.remove = False
    with pytest.raises(RefusedBySystem, match="may not be deleted"):
        network.dispose("Export", file, policy="delete")
    assert tc.exported() == {"a.edi": b"x"}


def test_a_delete_whose_answer_was_lost_is_done_once(tc: Bench) -> None:
    tc.put("a.edi", b"x")
    network = tc.network()
    file = listed(network)["a.edi"]
    tc.fault(FaultKind.RESET_AFTER, "REMOVE")
    network.dispose("Export", file, policy="delete")
    assert tc.exported() == {}


def test_check_counts_files_and_tells_of_those_that_will_be_purged(tc: Bench) -> None:
    tc.put("old.edi", b"x")
    network = tc.network()
    assert [(one.ok, one.remedy) for one in network.check(receive=["Export"], send=["Import"])] == [(True, "")] * 2
    tc.clock.move(5 * 86_400)
    (found,) = network.check(receive=["Export"], send=[])
    assert found.files == 1
    assert "5.0 days old" in found.remedy
    assert "deletes files at 7 days" in found.remedy
    bad, wrong = network.check(receive=["Import"], send=["Nowhere"])
    assert not bad.ok
    assert not wrong.ok
