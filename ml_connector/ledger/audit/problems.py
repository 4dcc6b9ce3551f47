"""What `verify` finds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """check: which one. where: document 12, file 3, events ... message: what is wrong, in words."""

    check: str
    where: str
    message: str
