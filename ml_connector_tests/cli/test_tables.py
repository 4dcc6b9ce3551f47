"""Tables at every width: no line is wider than the terminal, no word is broken, and a pipe gets every whole value."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from ml_connector.cli.shared import tables
from ml_connector.cli.shared.tables import CUT, Column, cut, fit, print_table
from ml_connector_tests.cli.terminal import Said, say
from ml_connector_tests.support.deployment import Bench

WIDTHS = (60, 80, 120, 200)
NAMES = ("id", "day", "partner", "number", "amount", "state", "message")
LONG = "Line 1: 155 invoiced in all, 93 received."
ROWS = (
    (910, "2026-11-29", "northwind", "NW-I00013", "18823.37 EUR", "quarantined", LONG),
    (7, "2026-11-28", "brightline", "B-1", "624.07 USD", "posted", ""),
)
#: What these rows look like. No line is a cell wider than it says.
SNAPSHOTS = {
    40: """\
 id  state
910  quarantined
  7  posted""",
    60: """\
 id  number     state        message
910  NW-I00013  quarantined  Line 1: 155 invoiced in all, …
  7  B-1        posted""",
    80: """\
 id  partner     number     amount        state        message
910  northwind   NW-I00013  18823.37 EUR  quarantined  Line 1: 155 invoiced in …
  7  brightline  B-1        624.07 USD    posted""",
    120: """\
 id  day         partner     number     amount        state        message
910  2026-11-29  northwind   NW-I00013  18823.37 EUR  quarantined  Line 1: 155 invoiced in all, 93 received.
  7  2026-11-28  brightline  B-1        624.07 USD    posted""",
}


def columns(names: Any = NAMES, rows: Any = ROWS) -> list[Column]:
    return [Column.of(name, [row[at] for row in rows]) for at, name in enumerate(names)]


@pytest.mark.parametrize("width", SNAPSHOTS)
def test_columns_are_chosen_by_the_width(width: int) -> None:
    fitted = fit(columns(), width, ("day", "partner", "amount", "number"))
    assert "\n".join(fitted.lines) == SNAPSHOTS[width]
    assert set(fitted.left_out) == set(NAMES) - set(fitted.lines[0].split())


texts = st.text(st.characters(categories=("L", "N", "P", "Zs"), exclude_characters=CUT), max_size=40)


@given(rows=st.lists(st.tuples(st.integers(0, 10**6), texts, texts, texts), max_size=6), width=st.integers(20, 120))
def test_no_line_is_wider_and_no_word_is_broken(rows: list[tuple[object, ...]], width: int) -> None:
    made = columns(("id", "a", "b", "c"), rows)
    fitted = fit(made, width)
    assert all(cell_len(line) <= width for line in fitted.lines) or len(made[0].cells[0] if rows else "id") > width
    words = {word for column in made for cell in (column.name, *column.cells) for word in cell.split()}
    assert {word for line in fitted.lines for word in line.split()} <= words | {CUT}


@given(text=texts, width=st.integers(1, 60))
def test_what_is_cut_is_a_beginning_of_whole_words(text: str, width: int) -> None:
    shown = cut(text, width)
    assert cell_len(shown) <= width
    assert shown == text or text.startswith(shown.removesuffix(CUT).removesuffix(" "))
    assert shown.removesuffix(CUT).split() == text.split()[: len(shown.removesuffix(CUT).split())]


def test_a_pipe_gets_every_value_whole_between_tabs(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name", "count", "text"), [("[red]x[/red]\x1b[31m", 3, "a\tb\nc " * 100)])
    head, row = capsys.readouterr().out.splitlines()
    assert head.split("\t") == ["name", "count", "text"]
    name, count, text = row.split("\t")
    assert (name, count, text.count("a b c")) == ("[red]x[/red]\N{REPLACEMENT CHARACTER}[31m", "3", 100)


def test_numbers_stand_to_the_right_and_empty_columns_take_no_place() -> None:
    fitted = fit(columns(("n", "none", "x"), [(1, "", "a"), (Decimal("10.50"), "", "b")]), 80)
    assert list(fitted.lines) == ["    n  x", "    1  a", "10.50  b"]


# ------------------------------------------------------------------ the commands themselves


@pytest.fixture(scope="module")
def told(bench: Bench) -> Bench:
    """A deployment with orders out, and answers and invoices in."""
    from ml_connector.sandbox.exact import user

    assert bench.sandbox.partner is not None
    say("sync", "--json")
    bench.sandbox.call(user.create_orders, bench.sandbox.exact, 3)
    bench.sandbox.call(bench.sandbox.partner.behave, "NORTHWIND", {"like": "overcharge"})
    for _ in range(2):
        say("sync", "--json")
        bench.sandbox.call(bench.sandbox.partner.flush)
    return bench


COMMANDS = (
    ("documents", "list"),
    ("documents", "list", "--held"),
    ("documents", "due"),
    ("reference", "list", "--connection", "exact_nl"),
    ("reference", "show", "vendors", "--connection", "exact_nl", "--limit", "3"),
    ("credentials", "list"),
    ("credentials", "status"),
    ("ledger", "numbers"),
    ("layout", "list"),
    ("trace", "26000001"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_list_fits_the_terminal(told: Bench, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """A line may be longer only where its first column is, or one word of the time line."""
    for width in WIDTHS:
        monkeypatch.setattr(tables, "terminal_width", lambda width=width: width)
        said = say(*command)
        assert said.out.strip(), said.err
        lines = said.out.splitlines()
        assert [one for one in lines if cell_len(one) > width and " " in one[12:].strip()] == []


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_list_is_plain_in_a_pipe(told: Bench, command: tuple[str, ...]) -> None:
    said = say(*command)
    counts = {line.count("\t") for line in said.out.splitlines() if line}
    assert len(counts) <= (2 if command[0] == "trace" else 1), said.out
    assert min(counts) >= 1


def test_wide_shows_what_had_no_place(told: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "terminal_width", lambda: 60)
    narrow, wide = say("documents", "list"), say("documents", "list", "--wide")
    assert "No place here for: " in narrow.err
    assert "No place" not in wide.err
    names = _heads(narrow) + narrow.err.partition("No place here for: ")[2].partition(" (")[0].split(", ")
    assert sorted(names) == sorted(_heads(wide))


def _heads(said: Said) -> list[str]:
    return [name.strip() for name in said.out.splitlines()[0].split("  ") if name.strip()]
