"""Where the receiver cannot listen, or not with that certificate, it says so and never that it listens."""

import socket
from pathlib import Path

import pytest
from starlette.applications import Starlette

from ml_connector.errors import ConfigError
from ml_connector.web.serve import serve


def _never(address: str) -> None:
    raise AssertionError(f"said to listen on {address}")


def test_a_port_that_another_program_has() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port}: cannot listen there") as told:
            serve(Starlette(), "127.0.0.1", port, ready=_never)
    assert "End the program" in told.value.remedy


@pytest.mark.parametrize("host", ["203.0.113.9", "nosuch.invalid"])
def test_an_address_that_is_not_of_this_machine(host: str) -> None:
    with pytest.raises(ConfigError, match="cannot listen there") as told:
        serve(Starlette(), host, 0, ready=_never)
    assert "address of this machine" in told.value.remedy


@pytest.mark.parametrize("made", ["nothing", "a folder", "no PEM"])
def test_a_certificate_that_cannot_be_used(tmp_path: Path, made: str) -> None:
    path = tmp_path / "certificate.pem"
    if made == "a folder":
        path.mkdir()
    elif made == "no PEM":
        path.write_text("x")
    with pytest.raises(ConfigError, match=r"certificate\.pem with its key") as told:
        serve(Starlette(), "127.0.0.1", 0, ready=_never, certificate=str(path), key=str(path))
    assert "--certificate" in told.value.remedy
