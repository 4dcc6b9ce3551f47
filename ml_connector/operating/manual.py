"""The manual: the pages of `docs/`, where they are in this installation."""

import sysconfig
from functools import cache
from pathlib import Path

#: Beside the package in a checkout, else where the wheel puts them.
_PLACES = (
    Path(__file__).parents[2] / "docs",
    Path(sysconfig.get_path("data")) / "share" / "ml-connector" / "docs",
)
#: A page without which the folder is somebody else's.
_PAGE = "held-documents.md"


@cache
def folder() -> Path | None:
    """Where the pages stand; None: this installation has none."""
    return next((place for place in _PLACES if (place / _PAGE).is_file()), None)


@cache
def names() -> tuple[str, ...]:
    """The pages by name, without the ending: `held-documents`, `integrations/exact-cleo`."""
    place = folder()
    found = place.rglob("*.md") if place is not None else ()
    return tuple(sorted(page.relative_to(place).with_suffix("").as_posix() for page in found)) if place else ()


def text(name: str) -> str | None:
    """A page's Markdown; None for what is no page. Only what `names` found is opened, whatever is asked for."""
    place = folder()
    if place is None or name not in names():
        return None
    return (place / f"{name}.md").read_text(encoding="utf-8")
