"""What was decided of a proposed vendor, as its document's `work` has it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ml_connector.documents.master.vendors import NewVendor
from ml_connector.documents.records import from_values, json_values

#: What a person may say of one that is held.
Word = Literal["", "link", "create", "end"]


@dataclass(frozen=True)
class Decided:
    """vendor: the code of ours that it is. created: made of it. why: in what they agree. new: what is created.

    word, of: what a person said: to link it with the vendor `of`, to create it, or that one is no more. gone: of what
    leaves, that its row is not in the ERP any more.
    """

    vendor: str = ""
    vendor_id: str = ""
    created: bool = False
    why: str = ""
    differences: Mapping[str, Any] = field(default_factory=dict)
    new: NewVendor | None = None
    word: Word = ""
    of: str = ""
    gone: bool = False

    def text(self) -> str:
        """As it is stored."""
        values: dict[str, Any] = {name: value for name, value in vars(self).items() if value and name != "new"}
        return json.dumps(values | ({"new": json_values(self.new)} if self.new else {}), sort_keys=True)

    @classmethod
    def read(cls, text: str | None) -> "Decided":
        """As `text` wrote it; nothing decided where there is none."""
        values = json.loads(text or "{}")
        new = values.pop("new", None)
        values = {name: value for name, value in values.items() if name in cls.__dataclass_fields__}
        return cls(**values, new=None if new is None else from_values(NewVendor, new))
