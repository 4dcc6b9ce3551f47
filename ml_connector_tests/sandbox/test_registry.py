"""Stand-ins are listed in one place: the server, the control port and the command line follow the list."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from ml_connector.cli.sandbox import sandbox as command
from ml_connector.errors import WeAreWrong
from ml_connector.sandbox import registry, server
from ml_connector.sandbox.middleware import App
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector.sandbox.system import Ground, HttpSystem, SandboxSystem


class Echo(HttpSystem):
    """The smallest stand-in there can be."""

    name = "echo"

    def logins(self) -> dict[str, str]:
        return {"user": "anybody"}

    def routes(self) -> Sequence[BaseRoute]:
        return [Route("/state/echo", _said)]

    def app(self) -> App:
        return Starlette(routes=[Route("/{rest:path}", _said)])


async def _said(request: Request) -> Response:
    return PlainTextResponse(request.url.path)


def make(ground: Ground, options: SandboxOptions, others: Mapping[str, SandboxSystem]) -> Echo:
    assert set(others) == {"exact", "cleo"}  # what stands before it in the list
    return Echo()


def test_a_stand_in_in_the_list_is_served_told_and_made_to_fail_like_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = (*registry.STAND_INS[:2], registry.StandIn("echo", "Echo", f"{__name__}:make"))
    monkeypatch.setattr(registry, "STAND_INS", listed)
    with Sandbox(SandboxOptions(clock_file=tmp_path / "clock", partner=False)) as sandbox:
        addresses = sandbox.addresses()
        assert set(addresses) == {"exact", "cleo", "echo", "control", "clock_file"}
        with httpx.Client(trust_env=False) as http:
            control = addresses["control"]
            assert http.get(addresses["echo"] + "/hello").text == "/hello"
            assert http.get(control + "/state/echo").text == "/state/echo"
            assert http.get(control + "/logins").json()["echo"] == {"user": "anybody"}
            http.post(control + "/faults", json={"kind": "status", "system": "echo", "status": 503})
            assert http.get(addresses["echo"] + "/hello").status_code == 503
            counts = http.get(control + "/journal/counts").json()
            assert counts["statuses"] == {"echo 200": 1, "echo 503": 1}


def test_the_command_line_has_a_port_for_every_stand_in() -> None:
    shown = CliRunner().invoke(command, ["--help"]).output
    for one in registry.STAND_INS:
        assert f"--{one.name.replace('_', '-')}-port" in shown, "options are written with hyphens"
        assert one.title in shown


def test_the_command_line_takes_a_stand_in_of_another_package(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    monkeypatch.setattr(server, "run_forever", lambda _, *, stand_ins: started.extend(stand_ins))
    done = CliRunner().invoke(command, ["--stand-in", f"echo={__name__}:make"])
    assert done.exit_code == 0, done.output
    assert started == [*registry.STAND_INS, registry.StandIn("echo", "echo", f"{__name__}:make")]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("echo", "is not NAME=module:function"),
        (f"exact={__name__}:make", "comes with the sandbox already"),
        ("echo=no_such_package:make", "cannot be loaded"),
        (f"echo={__name__}:nothing", "cannot be loaded"),
    ],
)
def test_a_stand_in_that_cannot_be_had_is_said(given: str, words: str) -> None:
    done = CliRunner().invoke(command, ["--stand-in", given])
    assert done.exit_code == 2
    assert words in done.output


@pytest.mark.parametrize(("names", "words"), [(("echo", "echo"), "two stand-ins"), (("ehco",), "calls itself echo")])
def test_a_stand_in_goes_by_its_own_name_and_stands_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], words: str
) -> None:
    monkeypatch.setattr(f"{__name__}.make", lambda *_: Echo())
    listed = [registry.StandIn(name, "Echo", f"{__name__}:make") for name in names]
    with pytest.raises(ValueError, match=words):
        Sandbox(SandboxOptions(clock_file=tmp_path / "clock"), stand_ins=listed)


def test_a_stand_in_without_limits_refuses_to_have_some_set() -> None:
    with pytest.raises(TypeError, match="no limits"):
        Echo().limit({"minute": 1})


def test_a_stand_in_that_answers_in_no_way_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its `app` says that it takes the socket itself, and it has no `serve` that does."""
    monkeypatch.setattr(f"{__name__}.make", lambda *_: Echo())
    monkeypatch.setattr(Echo, "app", lambda _: None)
    alone = [registry.StandIn("echo", "Echo", f"{__name__}:make")]
    with pytest.raises(WeAreWrong, match="echo has no `serve` of its own"):
        Sandbox(SandboxOptions(clock_file=tmp_path / "clock", partner=False), stand_ins=alone).start()
