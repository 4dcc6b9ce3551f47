"""Cases over a scene run on one database each, and on both in all (docs/decisions/0025)."""

from collections import defaultdict

import pytest

from ml_connector_tests.support.in_turn import CHOSEN_FOR, KINDS, MARK, left_out

pytest_plugins = ["pytester"]


@pytest.fixture
def collected(request: pytest.FixtureRequest, pytester: pytest.Pytester) -> list[pytest.Item]:
    pytester.makeconftest(
        f"""
        import pytest

        def pytest_configure(config):
            config.addinivalue_line("markers", "{MARK}: both")

        @pytest.fixture(params={KINDS!r})
        def {CHOSEN_FOR}(request):
            return request.param

        @pytest.fixture
        def stage({CHOSEN_FOR}):
            return {CHOSEN_FOR}
        """
    )
    cases = "\n".join(f"def test_{name}(stage): pass" for name in "abcdefghijklmnop")
    module = f"""
        import pytest

        @pytest.mark.parametrize("case", ["sqlite", "x", "y"])
        def test_cases(stage, case): pass

        def test_the_database({CHOSEN_FOR}): pass

        @pytest.mark.{MARK}
        def test_both(stage): pass

        def test_of_neither(): pass
        """
    path = pytester.makepyfile(test_turns=module)
    path.write_text(f"{path.read_text()}\n{cases}\n")
    items, _ = pytester.inline_genitems(path)
    return items


def kinds(items: list[pytest.Item]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for item in items:
        spec = getattr(item, "callspec", None)
        found[item.nodeid.partition("::")[2].partition("[")[0]].append(spec.params[CHOSEN_FOR] if spec else "")
    return found


def test_each_case_is_left_to_one_and_the_marked_to_both(collected: list[pytest.Item]) -> None:
    kept = kinds([item for item in collected if item not in left_out(collected, "stage")])
    assert sorted(kept["test_the_database"]) == sorted(kept["test_both"]) == sorted(KINDS)
    assert kept["test_of_neither"] == [""]
    assert len(kept["test_cases"]) == 3
    assert set(kept["test_cases"]) == set(KINDS), "in turn"
    singles = [kind for name in "abcdefghijklmnop" for kind in kept[f"test_{name}"]]
    assert len(singles) == 16
    assert set(singles) == set(KINDS)


def test_the_same_cases_are_left_out_every_time(collected: list[pytest.Item]) -> None:
    assert left_out(collected, "stage") == left_out(collected, "stage")
