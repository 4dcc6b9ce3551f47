"""Runs the demo: the stage, the story (or a folder of the user's own files), live progress, the table, the numbers."""

import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from ml_connector.demo.checks import Check
from ml_connector.demo.figures import Figures, add_up, as_json, read_figures
from ml_connector.demo.scenario import ALL_TROUBLES, COMPANIES, Story, play
from ml_connector.demo.stage import Stage, open_stage, start_dagster, stop_dagster
from ml_connector.errors import ConfigError
from ml_connector.flows.inbound.format_detection import looks_like_x12

#: The numbers have come to rest when they have not changed for so long, and add up.
QUIET_SECONDS = 30
#: Where they do not add up: a held document's next look, or the next poll, may still bring what is missing.
STUCK_SECONDS = 150
ADD_UP_SECONDS = 5
LONGEST_SECONDS = 900
MAX_INBOUND_BYTES = 150_000_000
#: Integrations whose partners have their folders at Cleo.
BEHIND_CLEO = ("exact_cleo", *(company.integration for company in COMPANIES if company.profiles))


def run_demo(
    *,
    once: bool,
    as_json_output: bool,
    orders: int,
    inbound: Path | None = None,
    home: Path | None = None,
) -> int:
    """The whole demo; the exit code is 0 only if every number adds up.

    once: end by itself, else the UI stays up until Ctrl-C. inbound: a folder of files to feed instead of the story.
    """
    console = Console(stderr=True)
    where = (home or Path("var") / "demo").absolute()
    console.print(f"Setting up the sandbox and Dagster in {where} ...")
    with open_stage(where, partners=inbound is None) as stage:
        _subscribe(stage)
        start_dagster(stage)
        try:
            console.print(f"Dagster UI: {stage.ui_url}")
            console.print(f"Pages: {stage.web_url}")
            console.print("Other commands work on the demo from another terminal, as long as it is up, after:")
            console.print(f"  {stage.pointing}", soft_wrap=True)
            story: Story | None = None
            if inbound is None:
                story = play(stage.sandbox, orders)
            else:
                console.print(f"{_feed(stage, inbound)} files put into the partners' folders.")
            figures, checks = _watch(stage, console, story)
            _finish(console, figures, checks, told=story is not None, as_json_output=as_json_output)
            if not once:
                _tell_links(console, stage)
                _until_interrupted()
        finally:
            stop_dagster(stage)
    return 0 if all(check.ok for check in checks) else 1


def _tell_links(console: Console, stage: Stage) -> None:
    """Where to look on: the lineage, what waits, one held document."""
    from ml_connector.ledger.search.queries import DocumentFilter, list_documents
    from ml_connector.ledger.work.states import DocumentState

    with stage.deployment.ledger.read() as tx:
        held = list_documents(tx, DocumentFilter(states=(DocumentState.QUARANTINED,)), limit=1).rows
    console.print(f"\nUntil Ctrl-C (Dagster's log is {stage.log_file}):")
    console.print(f"  the lineage:         {stage.ui_url}/asset-groups")
    console.print(f"  what waits:          {stage.web_url}")
    if held:
        console.print(f"  one held document:   {stage.web_url}/documents/{held[0].id}")


def _subscribe(stage: Stage) -> None:
    """Exact tells the receiver of changed orders; polling would find them too."""
    notices = stage.deployment.webhooks("exact_nl")
    if notices is not None:
        notices.subscribe("PurchaseOrders", f"{stage.webhook_url}/webhooks/exact/exact_nl")


def _feed(stage: Stage, folder: Path) -> int:
    """Put a folder's files where they would come: X12 by what its ISA says, all else to TrueCommerce's Export.

    X12 of senders that nobody knows goes into the first partner's folder at Cleo.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder} is not a folder.", remedy="Name a folder of X12 or flat files.")
    sandbox = stage.sandbox
    behind_cleo = {one: p for name in BEHIND_CLEO for one, p in stage.deployment.loaded.partners[name].items()}
    behind_truecommerce = stage.deployment.loaded.partners["exact_truecommerce"]
    count = 0
    for file in sorted(path for path in folder.iterdir() if path.is_file()):
        if file.stat().st_size > MAX_INBOUND_BYTES:
            raise ConfigError(f"{file} is larger than {MAX_INBOUND_BYTES} bytes.", remedy="Take it out of the folder.")
        data = file.read_bytes()
        sender = data[35:50].decode("latin-1").strip()
        if not looks_like_x12(data) or any(sender in p.names for p in behind_truecommerce.values()):
            sandbox.call(sandbox.truecommerce.state.deliver, file.name, data)
        else:
            known = (p for p in behind_cleo.values() if sender in p.names)
            channel = next(known, next(iter(behind_cleo.values()))).channels.receive[0]
            sandbox.call(sandbox.cleo.deliver, sandbox.cleo.folders.folder(channel), file.name, data)
        count += 1
    return count


def _watch(stage: Stage, console: Console, story: Story | None) -> tuple[Figures, list[Check]]:
    """Show progress until the numbers rest: a table where there is a terminal, else a line from time to time."""
    began = last_change = time.monotonic()
    seen: Any = None
    told, line_of, added = began, None, began
    figures = read_figures(stage.deployment)
    with Live(_table(figures, _after(0)), console=console, refresh_per_second=2, transient=True) as live:
        while True:
            figures = read_figures(stage.deployment)
            now = time.monotonic()
            state = (figures.by_integration, figures.files, _waiting(stage))
            if state != seen:
                seen, last_change = state, now
            live.update(_table(figures, _after(now - began)))
            if not console.is_terminal and now - told >= LINE_SECONDS and state != line_of:
                console.print(_line(figures, now - began), soft_wrap=True)
                told, line_of = now, state
            over = now - began > LONGEST_SECONDS
            if over or (now - last_change > QUIET_SECONDS and now - added > ADD_UP_SECONDS):
                added = now
                checks = add_up(stage.deployment, stage.sandbox, figures, story)
                complete = _waiting(stage) == 0 and all(check.ok for check in checks)
                if over or complete or now - last_change > STUCK_SECONDS:
                    return figures, checks
            time.sleep(0.5)


def _waiting(stage: Stage) -> int:
    """What the partners still have to do, and files that nobody has fetched yet."""
    sandbox = stage.sandbox
    planned = len(sandbox.partner.agenda) + len(sandbox.truecommerce.partners.agenda) if sandbox.partner else 0
    folders = sandbox.cleo.folders
    partners = [one for name in BEHIND_CLEO for one in stage.deployment.loaded.partners[name].values()]
    lying = sum(len(folders.folder(channel).files) for partner in partners for channel in partner.channels.receive)
    state = sandbox.truecommerce.state
    exported = sandbox.call(lambda: list(state.tree.files(state.export_path)))
    return planned + lying + len(exported)


#: A file that takes the output of a demo without a terminal gets a line no more often than this.
LINE_SECONDS = 5


def _line(figures: Figures, seconds: float) -> str:
    """Progress in one line."""
    states: Counter[str] = Counter()
    for counted in figures.by_integration.values():
        states.update(counted)
    done, held, aside = (sum(states[s] for s in group) for group in (_DONE, _HELD, _ASIDE))
    in_work = figures.documents - done - held - aside
    return (
        f"{seconds:.0f} s: {figures.documents} documents, {done} done, {in_work} in work, {held} held, "
        f"{aside} refused or set aside"
    )


_DONE = frozenset({"posted", "applied", "sent", "acknowledged"})
_HELD = frozenset({"quarantined", "overdue"})
_ASIDE = frozenset({"rejected", "duplicate", "discarded", "refused"})


def _after(seconds: float) -> str:
    return f"Documents after {seconds:.0f} s"


def _table(figures: Figures, title: str) -> Table:
    table = Table(title=title, title_justify="left")
    for name in ("integration", "flow", "documents", "done", "in work", "held", "refused or set aside"):
        table.add_column(name, justify="left" if name in {"integration", "flow"} else "right")
    for (integration, flow), states in sorted(figures.by_integration.items()):
        total = sum(states.values())
        parts = [sum(states[s] for s in group) for group in (_DONE, _HELD, _ASIDE)]
        in_work = total - sum(parts)
        table.add_row(integration, flow, str(total), str(parts[0]), str(in_work), str(parts[1]), str(parts[2]))
    return table


def _finish(console: Console, figures: Figures, checks: list[Check], *, told: bool, as_json_output: bool) -> None:
    if as_json_output:
        sys.stdout.write(json.dumps(as_json(figures, checks, told=told), indent=2) + "\n")
        return
    console.print(_table(figures, "What moved"))
    held = Table(title="What is held or set aside, and why", title_justify="left")
    for name in ("integration", "flow"):
        held.add_column(name)
    # A reason is what `docs/` and the pages are searched for: it stands whole on the narrowest terminal.
    held.add_column("reason", no_wrap=True, min_width=max((len(key[2]) for key in figures.held), default=0))
    for name in ("documents", "for example"):
        held.add_column(name)
    for key, count in sorted(figures.held.items()):
        held.add_row(*key, str(count), figures.examples[key])
    console.print(held)
    if told:
        console.print(_troubles())
    numbers = Table(title="Do the numbers add up?", title_justify="left")
    for name in ("check", "", "figures"):
        numbers.add_column(name)
    for check in checks:
        numbers.add_row(check.name, "yes" if check.ok else "NO", check.detail)
    console.print(numbers)


def _troubles() -> Table:
    """What was arranged, and as what it shows."""
    table = Table(title="Kinds of trouble that were arranged", title_justify="left")
    for name in ("integration", "trouble"):
        table.add_column(name)
    table.add_column("reason or state", no_wrap=True, min_width=max(len(one.expected) for one in ALL_TROUBLES))
    table.add_column("what becomes of it")
    for one in ALL_TROUBLES:
        table.add_row(one.integration, one.name, one.expected, one.shown)
    return table


def _until_interrupted() -> None:
    try:
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        return
