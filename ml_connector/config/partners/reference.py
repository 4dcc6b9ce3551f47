"""Which reference tables a partner is told, in which layout, and what of them."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from ml_connector.config.base import Settings

#: Name of a reference table of the ERP, as `ml-connector reference list` has it.
TableName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
#: Name of a value of its rows.
FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


def or_a_name(schema: dict[str, Any]) -> None:
    """For the schema of a mapping of tables: the name of a layout may stand for all that is said of one."""
    for key in ("additionalProperties", "patternProperties"):
        entry = schema.get(key)
        if key == "patternProperties" and entry:
            schema[key] = {name: {"anyOf": [one, {"type": "string"}]} for name, one in entry.items()}
        elif isinstance(entry, dict):
            schema[key] = {"anyOf": [entry, {"type": "string"}]}


class TableToPartner(Settings):
    """One table; the name of its layout may stand for all of it."""

    layout: str = Field(min_length=1, description="Layout of its files: a shipped name or a file")
    fields: tuple[FieldName, ...] = Field(
        default=(),
        description="Values of a row that may leave, besides its code. Without it: names, state, addresses, terms; bank"
        " accounts and tax numbers leave only where they are named here",
    )
    changes: bool = Field(default=True, description="false: only whole tables, by `whole_every_days`")
    whole_every_days: int = Field(
        default=0,
        ge=0,
        le=366,
        description="So often the table goes whole, where anything has changed since; 0: at first, and when asked for",
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"layout": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _ever(self) -> "TableToPartner":
        if not self.changes and not self.whole_every_days:
            raise ValueError("changes: false needs whole_every_days, or nothing would leave after the first file")
        return self
