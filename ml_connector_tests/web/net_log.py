"""What a browser did on the network, by its own log: not only what its page asked for."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def reached(path: Path) -> set[str]:
    """Hosts that were connected to, or that something was sent to; who only looks for a route sends nothing."""
    names: dict[Any, str] = {}
    found: set[str] = set()
    udp: dict[int, str] = {}
    for event in _events(path, names):
        kind, about = names.get(event.get("type"), ""), event.get("params", {})
        if kind == "TCP_CONNECT_ATTEMPT" and "address" in about:
            found.add(_host(about["address"]))
        elif kind == "UDP_CONNECT" and "address" in about:
            udp[event["source"]["id"]] = _host(about["address"])
        elif kind == "UDP_BYTES_SENT":
            found.add(udp.get(event["source"]["id"], _host(about.get("address", "unknown"))))
    return found


def _events(path: Path, names: dict[Any, str]) -> Iterator[Mapping[str, Any]]:
    """An event a line, behind the constants; a browser that is ended does not always close the list."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            text = line.strip().rstrip(",")
            if text.startswith('{"constants":'):
                told = json.loads(text + "}")
                names.update({value: name for name, value in told["constants"]["logEventTypes"].items()})
            elif text.startswith("{"):
                try:
                    yield json.loads(text.removesuffix("],"))
                except ValueError:
                    continue


def _host(address: str) -> str:
    return address.rpartition(":")[0].strip("[]") or address
