"""No regular expression of the package is slow on a text that somebody else chose: its work grows as the text does.

All are tried: those in the source are found there, those that are made while it works by making them. Each gets texts
made for it (support/growth.py), in a process of its own whose processor time is bounded.
"""

import json
import os
import re
import resource
import subprocess
import sys
from itertools import product

import pytest

from ml_connector.config.expressions import LONGEST_NAME, MOST_WAYS, checked_expression
from ml_connector.edi import Separators
from ml_connector.edi.closed.setpattern import PAYS_AFTER, SetPattern
from ml_connector.edi.framing.values import is_integer, is_number, read_cents, read_date, read_decimal, read_time
from ml_connector.edi.tools.anonymize import anonymize
from ml_connector.edi.validation.fastpath import FastRule
from ml_connector.edi.validation.schema import SUPPORTED_SETS, VERSIONS, segment_rules, set_rule
from ml_connector.errors import ConnectorError
from ml_connector.layouts.spec import field_paths, paths
from ml_connector.layouts.values.values import NumberForm, clock, day, number
from ml_connector.sandbox.cleo.folders import Folder
from ml_connector.systems.sftp.paths import MAX_NAME, usable
from ml_connector.systems.truecommerce.settings import TrueCommerceConnection
from ml_connector_tests.edi.odd import Style, spell
from ml_connector_tests.edi.samples import read, sets
from ml_connector_tests.support.patterns import Seen, Used, import_everything, methods_of, other_ways, places

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

#: Seconds of processor time for all patterns together: a hundred times what they take, far less than one bad one does.
PROCESSOR_SECONDS = 250

#: Patterns that are asked with short texts only, and what sees to that.
BOUNDED = {
    "ml_connector/layouts/spec/paths.py": "an address in a layout has at most paths.MOST_CHARACTERS",
    "ml_connector/layouts/spec/field_paths.py": "an address in a layout has at most targets.MOST_CHARACTERS",
}
#: Patterns that people configure: `checked_expression` refuses those that could be slow on a name.
CONFIGURED = {"ml_connector/systems/sftp/mailbox.py", "ml_connector/config/expressions.py"}
#: What a tester tells the sandbox that the mailbox has for patterns.
OF_TESTERS = {"ml_connector/sandbox/cleo/folders.py"}

_SEPARATORS = (Separators(), Separators("|", "^", "\n", "", ""), Separators("*", ":", "~", "^", "\r\n"))


def _make_rules() -> None:
    for version in VERSIONS:
        for count, rule in enumerate(segment_rules(version).values()):
            FastRule(rule, _SEPARATORS[count % len(_SEPARATORS)])
    for set_type, version in product(sorted(SUPPORTED_SETS), VERSIONS):
        rules = set_rule(set_type, version)
        assert rules is not None
        pattern = SetPattern(rules, _SEPARATORS[0], "~")
        # the pattern of whole sets holds those of its segments: of two it is enough
        for _ in range(PAYS_AFTER + 1 if set_type in {"810", "856"} and version == VERSIONS[0] else 0):
            pattern._learn("".join(pattern._by_name.values()))


def _read_files() -> None:
    styles = (Style(), Style(suffixes=("\n",)), Style(terminator="\n"), Style(element="|"), Style(header="trimmed"))
    for style in styles:
        data = spell(style, ("850", "810"))
        mark = style.element.encode()
        head, _, rest = data.partition(b"GS" + mark)
        for odd in (data, head.replace(mark, b"", 1) + b"GS" + mark + rest, head[:40] + b"~GS" + mark + rest):
            try:
                read(odd)
                anonymize(odd)
            except ConnectorError:
                continue
    # a listing that lost its last terminator, one whose lines end in marks of a reply by mail
    read(spell(Style(), ("850",)).replace(b"~", b"~\n> "))
    read(spell(Style(suffixes=("\n",)), ("850",)).replace(b"~\nPO1", b"\nPO1"))


def _make_values() -> None:
    for decimal, thousands, implied, sign in product(
        ".,", ("", ",", "."), (0, 2), ("leading", "trailing", "parentheses")
    ):
        number(NumberForm(decimal, thousands, implied, None, sign))
    day(("yyyy-MM-dd", "d.M.yy", "yyyyMMdd"))
    clock(("HH:mm", "HHmmss"))
    Folder("x", "/x", None, patterns=r"*.edi; [\d{3}\.txt]").accepts("a")


@pytest.fixture(scope="module")
def used() -> list[Used]:
    """Every pattern, with the methods it is asked with."""
    # in a process of its own: modules that are loaded already would not make theirs again
    script = (
        "from ml_connector_tests.support.patterns import recorded\n"
        "with recorded() as seen:\n"
        "    from ml_connector_tests.hostile.test_patterns import collected\n"
        "    collected(seen)\n"
    )
    made = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    return [Used(one["place"], _plain(one), one["flags"], tuple(one["methods"])) for one in json.loads(made)]


def _plain(one: dict[str, str]) -> str | bytes:
    return one["pattern"].encode("latin-1") if one["bytes"] else one["pattern"]


def collected(seen: Seen) -> None:
    """Prints all patterns. seen: what was made while the package worked is told by the line that made it."""
    import_everything()
    _make_rules()
    _read_files()
    _make_values()
    found: list[Used] = []
    for place in places():
        patterns = {(place.constant, place.flags)} if place.constant is not None else set()
        for (file, line), made in seen.items():
            if place.constant is None and file == place.file and place.line <= line <= place.last_line:
                patterns |= made
        methods = methods_of(place)
        if not patterns:
            found.append(Used(str(place), "", 0, methods))
        found += [Used(str(place), pattern, flags, methods) for pattern, flags in patterns]
    print(json.dumps([_as_json(one) for one in found]))


def _as_json(one: Used) -> dict[str, object]:
    text = one.pattern.decode("latin-1") if isinstance(one.pattern, bytes) else one.pattern
    return {
        "place": one.place, "pattern": text, "bytes": isinstance(one.pattern, bytes), "flags": one.flags,
        "methods": one.methods,
    }  # fmt: skip


def _file(used: Used) -> str:
    return used.place.partition(":")[0]


def growing_too_fast(patterns: list[Used]) -> list[str]:
    """What grows faster than its text; the last one tried where the processor time did not suffice."""
    lines = "".join(json.dumps(_as_json(one)) + "\n" for one in patterns)
    done = subprocess.run(
        [sys.executable, "-m", "ml_connector_tests.support.growth"],
        input=lines,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS)),
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    found = [one["found"] for one in told if "found" in one]
    if not told or "done" not in told[-1]:
        last = next((one["trying"] for one in reversed(told) if "trying" in one), "nothing")
        found.append(f"{last} did not end: {done.stderr[-500:]}")
    return found


def test_nobody_makes_patterns_in_a_way_that_this_does_not_see() -> None:
    assert other_ways() == []


def test_every_pattern_is_known_here(used: list[Used]) -> None:
    """A new pattern that is made while the package works needs a line in this file that makes it."""
    unknown = {one.place for one in used if not one.pattern and _file(one) not in CONFIGURED}
    assert unknown == set()
    assert len({one.place for one in used}) > 100
    assert len({one.pattern for one in used}) > 300


def test_the_work_of_every_pattern_grows_as_its_text_does(used: list[Used]) -> None:
    outside = {*BOUNDED, *CONFIGURED, *OF_TESTERS}
    distinct = {(one.pattern, one.flags, one.methods): one for one in used if one.pattern and _file(one) not in outside}
    assert growing_too_fast(list(distinct.values())) == []


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)\Z", "match"),
        (r"\s*x", "search"),
        (r"(.*?)(\s*)\Z", "match"),
        (r"<[^>]*>", "findall"),
        (r"(?:a|b|ab)*c", "fullmatch"),
        (r"(a+)+b", "match"),
    ],
)
def test_the_search_for_slow_patterns_finds_them(pattern: str, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.PROCESSOR_SECONDS", 2)
    assert growing_too_fast([Used("here", pattern, 0, (method,))]) != []


def test_addresses_in_layouts_are_short() -> None:
    assert max(paths.MOST_CHARACTERS, field_paths.MOST_CHARACTERS) <= 1_000
    with pytest.raises(ValueError, match="more than 1000 characters"):
        paths.parsed("['x'=" * 300)
    with pytest.raises(ValueError, match="longer than 1000 characters"):
        field_paths._parts("." * 1_001)


@pytest.mark.parametrize("reader", [is_number, is_integer, read_decimal, read_cents, read_date, read_time])
@pytest.mark.parametrize("text", ["0" * 60_000 + "!", "1," * 30_000, "-" + "1." * 30_000, "(" * 60_000, "1" * 60_000])
def test_a_long_element_is_no_value(reader: object, text: str) -> None:
    assert callable(reader)
    assert reader(text) in (None, False) or reader in (is_number, is_integer)


SLOW = [
    "(a+)+b",
    "(?:a|b)*(?:a|ab|b)*c",
    "(.*)*",
    ".*a.*b.*c.*d.*",
    "(x?){200}y",
    "(foo|bar)+.*",
    "a?" * 40 + "a" * 40,
    r"(?=.*a.*b)(.*c.*d)",
]
FINE = ["", r".*\.xml", r".*_TEST\..*", r"INV_[0-9]{8}_.*\.(x12|edi|txt)", r"(PO|INV)-\d+(-\d+)?\.csv", ".*a.*b.*"]


@pytest.mark.parametrize("pattern", SLOW)
def test_a_configured_pattern_that_could_be_slow_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="too many ways on one name: at most three"):
        checked_expression(pattern)


@pytest.mark.parametrize("pattern", FINE)
def test_a_configured_pattern_as_people_write_them_is_taken(pattern: str) -> None:
    assert checked_expression(pattern) == pattern
    assert re.compile(pattern)


def test_a_name_is_matched_only_when_no_server_could_make_it_longer() -> None:
    assert MAX_NAME == LONGEST_NAME
    assert not usable("a" * (LONGEST_NAME + 1))
    # three times any part of the longest name
    assert LONGEST_NAME**3 < MOST_WAYS


def test_slow_patterns_are_refused_where_they_are_configured() -> None:
    plain = {"system": "truecommerce", "username": "u", "password": {"env": "X"}, "company_folder": "A"}
    for name in ("include_pattern", "exclude_pattern"):
        with pytest.raises(ValueError, match="too many ways"):
            TrueCommerceConnection.model_validate({**plain, name: "(a+)+b"})


@pytest.mark.parametrize("blank", [b"\n", b" \n", b"\r\n", b"\t\r\n"])
def test_many_blank_lines_between_segments_that_end_with_a_line_change_nothing(blank: bytes) -> None:
    """Each of them could begin a segment; all are passed as one (edi/framing/envelope.py)."""
    clean = spell(Style(terminator="\n"), ("850", "810"))
    wide = re.sub(rb"\n(?=GS|ST|SE|GE|IEA)", b"\n" + blank * 2_000, clean)
    assert len(wide) > len(clean) + 2_000
    assert [one.document for one in sets(read(wide))] == [one.document for one in sets(read(clean))]
