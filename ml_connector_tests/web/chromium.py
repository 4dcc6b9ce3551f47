"""A browser that is driven: real pages, real keys, over the browser's own protocol. Nothing may leave the machine."""

import base64
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from websockets.sync.client import ClientConnection, connect

from ml_connector_tests.web.browser import FLAGS, find_chromium
from ml_connector_tests.web.net_log import reached

#: How long the browser may take for one thing.
PATIENCE = 60
_KEYS = {"Tab": 9, "Enter": 13, "Space": 32, "Escape": 27}


class Chromium:
    """One page of a browser."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._last = 0
        self._loaded = 0
        self.requests: list[str] = []
        self.complaints: list[str] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask the browser for something, and what it says."""
        self._last += 1
        wanted = self._last
        self._socket.send(json.dumps({"id": wanted, "method": method, "params": params}))
        while True:
            message = self._next()
            if message.get("id") == wanted:
                assert "error" not in message, f"{method}: {message['error']}"
                return dict(message["result"])

    def _next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv(PATIENCE))
        method, params = message.get("method"), message.get("params", {})
        if method == "Page.loadEventFired":
            self._loaded += 1
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.complaints.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
        return message

    @contextmanager
    def loading(self) -> Iterator[None]:
        """What is done in this block loads a page: wait until it is there."""
        before = self._loaded
        yield
        self.wait_for_load(before)

    def wait_for_load(self, before: int | None = None) -> None:
        """Wait for the next page, as one that looks again by itself brings it."""
        before = self._loaded if before is None else before
        while self._loaded == before:
            self._next()

    def go(self, url: str) -> None:
        with self.loading():
            self.call("Page.navigate", url=url)

    def js(self, expression: str) -> Any:
        """The value of an expression in the page; works where the page itself may run nothing."""
        told = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in told, f"{expression}: {told}"
        return told["result"].get("value")

    def later(self, expression: str) -> Any:
        """What a promise of the page comes to."""
        told = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, f"{expression[:200]}: {told}"
        return told["result"].get("value")

    def asked_elsewhere(self, address: str) -> set[str]:
        """Requests of its pages that were not for this address."""
        asked = {urlsplit(url) for url in self.requests}
        # data: the browser's own pictures, as of its calendar.
        return {one.geturl() for one in asked if one.scheme != "data" and one.netloc != urlsplit(address).netloc}

    @property
    def text(self) -> str:
        """What can be read on the page."""
        return " ".join(str(self.js("document.body.innerText")).split())

    @property
    def path(self) -> str:
        return str(self.js("location.pathname"))

    def follow(self, words: str) -> None:
        """Press the link or button, or open what is folded, that says this."""
        expression = (
            "[...document.querySelectorAll('a, button, summary')]"
            f".find(one => one.innerText.trim() === {json.dumps(words)} && one.offsetParent)"
        )
        assert self.js(f"!!({expression})"), f"nothing to press says {words!r}: {self.text}"
        if self.js(f"({expression}).tagName") == "SUMMARY":
            self.js(f"({expression}).click()")
            return
        with self.loading():
            self.js(f"({expression}).click()")

    def fill(self, name: str, value: str) -> None:
        """Type into the field that is seen under this name."""
        field = f"[...document.querySelectorAll('[name={json.dumps(name)}]')].find(one => one.offsetParent)"
        assert self.js(f"!!({field})"), f"there is no field {name}"
        self.js(f"({field}).focus()")
        self.type(value)

    def choose(self, name: str, file: Path) -> None:
        """A file for the field of this name."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=f"[name={json.dumps(name)}]")["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(file)])

    def type(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def press(self, key: str) -> None:
        """A key, as a person presses it."""
        code = _KEYS[key]
        text = {"Enter": "\r", "Space": " "}.get(key, "")
        name = " " if key == "Space" else key
        common = {"key": name, "code": key, "windowsVirtualKeyCode": code, "nativeVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def tab_to(self, words: str) -> None:
        """Go on by Tab until what has the focus says this, or is labelled so."""
        label = "(one => (one.labels && one.labels[0] ? one.labels[0].innerText : one.innerText || '').trim())"
        seen = []
        for _ in range(200):
            self.press("Tab")
            seen.append(self.js(f"{label}(document.activeElement)"))
            if seen[-1] == words:
                return
        raise AssertionError(f"Tab never comes to {words!r}, but to {sorted(set(map(str, seen)))}")

    def without_script(self) -> None:
        self.call("Emulation.setScriptExecutionDisabled", value=True)

    def width(self, pixels: int, height: int = 800) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=pixels, height=height, deviceScaleFactor=1, mobile=False)

    def dark(self) -> None:
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])

    @property
    def overflows(self) -> bool:
        """Whether one has to scroll sideways to read the page."""
        return bool(self.js("document.documentElement.scrollWidth > document.documentElement.clientWidth"))

    def picture(self, path: Path, *, left: int = 0, top: int, width: int, height: int) -> None:
        """A part of the page as it is seen, in pixels, as PNG."""
        part = {"x": left, "y": top, "width": width, "height": height, "scale": 1}
        told = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=part)
        path.write_bytes(base64.b64decode(told["data"]))


@contextmanager
def chromium(folder: Path) -> Iterator[Chromium]:
    """A browser of its own; `folder` takes its profile."""
    program = find_chromium()
    assert program is not None
    log = folder.with_name(f"{folder.name}.net.json")
    command = [program, *FLAGS, f"--user-data-dir={folder}", f"--log-net-log={log}", "--remote-debugging-port=0"]
    command.append("about:blank")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            with connect(_page_of(process), max_size=None, open_timeout=PATIENCE) as socket:
                yield Chromium(socket)
        finally:
            process.terminate()
            process.wait(PATIENCE)
    assert reached(log) <= {"127.0.0.1"}, "something was asked of another machine"


def _page_of(process: "subprocess.Popen[str]") -> str:
    """The address of the browser's first page, as soon as it says where it listens."""
    assert process.stderr is not None
    for line in process.stderr:
        if "DevTools listening on " in line:
            base = line.split("ws://")[1].split("/")[0]
            pages = httpx.get(f"http://{base}/json/list", timeout=PATIENCE, trust_env=False).json()
            return str(next(one["webSocketDebuggerUrl"] for one in pages if one["type"] == "page"))
    raise AssertionError("the browser ended by itself")
