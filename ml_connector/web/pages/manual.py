"""The manual's pages, so that a reason leads to how it is put right."""

import posixpath
import re
from functools import cache
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup
from starlette.responses import Response

from ml_connector.operating import manual
from ml_connector.web.frame.asking import Asked, not_there

ROOT = "/manual"
#: Pages of an address: what GitHub and these pages understand alike.
_NO_PLACE = re.compile(r"[^a-z0-9_ -]")
_RENDERER = MarkdownIt("commonmark", {"html": False}).enable("table")


def index(asked: Asked) -> Response:
    """GET /manual: all pages."""
    return asked.page("manual.html", title="Manual", names=manual.names(), content="")


def page(asked: Asked) -> Response:
    """GET /manual/{name}: one page."""
    name = str(asked.request.path_params["name"])
    text = manual.text(name)
    if text is None:
        raise not_there()
    title, content = _rendered(name, text)
    return asked.page("manual.html", title=title, names=(), content=content)


@cache
def _rendered(name: str, text: str) -> tuple[str, Markup]:
    """Title and HTML. Markup in a page's text stays text: nothing but Markdown's own elements is made."""
    tokens = _RENDERER.parse(text)
    title = name
    if len(tokens) > 2 and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        title, tokens = _plain(tokens[1]), tokens[3:]
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            _name(token, tokens[at + 1])
        elif token.type in {"fence", "code_block", "table_open"}:  # may be wider than the page
            token.attrSet("tabindex", "0")
        elif token.type == "inline":
            _lead_here(name, token)
    return title, Markup(_RENDERER.renderer.render(tokens, _RENDERER.options, {}))  # noqa: S704 - made above, html off


def _name(heading: Token, inline: Token) -> None:
    """The place of a heading; where it is of several codes, each has one of its own."""
    whole = place(_plain(inline))
    heading.attrSet("id", whole)
    for child in inline.children or ():
        if child.type == "code_inline" and child.content != whole:
            child.attrSet("id", place(child.content))


def place(heading: str) -> str:
    """The name by which a heading is linked to: "What to do" is "what-to-do"."""
    return _NO_PLACE.sub("", heading.lower()).strip().replace(" ", "-")


def _plain(inline: Token) -> str:
    return "".join(child.content for child in inline.children or ())


def _lead_here(name: str, inline: Token) -> None:
    """Links to other pages lead to them here; those to files of the source and pictures lead nowhere."""
    for token in inline.children or ():
        if token.type == "link_open":
            href = _here(name, str(token.attrGet("href") or ""))
            if href:
                token.attrSet("href", href)
                token.attrSet("rel", "noreferrer")
            else:
                token.attrs.pop("href", None)
        elif token.type == "image":
            token.type, token.tag, token.attrs = "text", "", {}


def _here(name: str, href: str) -> str:
    parts = urlsplit(href)
    if parts.scheme or parts.netloc:
        return href if parts.scheme == "https" else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    if not parts.path:
        return fragment
    target = posixpath.normpath(posixpath.join(posixpath.dirname(name), parts.path)).removesuffix(".md")
    return f"{ROOT}/{target}{fragment}" if target in manual.names() else ""
