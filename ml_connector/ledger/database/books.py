"""Whose books a row belongs to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Books:
    """One company's books: the ERP's system, and the company as the ERP itself names it."""

    system: str
    company: str

    def __str__(self) -> str:
        return f"{self.system}/{self.company}"
