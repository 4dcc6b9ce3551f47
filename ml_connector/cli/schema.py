"""`ml-connector schema`: JSON Schemas of the configuration files, for editors that check while one types."""

import json
from pathlib import Path
from typing import Any

import click

from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.cli.shared.output import say
from ml_connector.cli.shared.session import Session, common

#: `${NAME}` and `${NAME:-default}` may stand for any single value (config.loading).
VARIABLE = {"type": "string", "pattern": r"^\$\{[A-Za-z_][A-Za-z0-9_]*(:-.*)?\}$"}
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas(config: Path | None = None) -> dict[str, dict[str, Any]]:
    """The schemas by file name. config: a connections.yaml whose own systems and flows are to be in them."""
    from ml_connector.config.loading import deployment_model, everything_for
    from ml_connector.config.partners import Partner
    from ml_connector.layouts.spec.model import LayoutFile
    from ml_connector.systems import registry
    from ml_connector.trying.results import TryOrderResult, TryResult

    deployment = deployment_model(tuple(registry.names())) if config is None else everything_for(config)
    return {
        "connections.schema.json": _schema(deployment, "connections.yaml of ml-connector"),
        "layout.schema.json": _schema(LayoutFile, "A layout file of ml-connector"),
        "partner.schema.json": _schema(Partner, "A partner file of ml-connector"),
        "try.schema.json": {"$schema": _DIALECT, **_printed(TryResult), "title": "What ml-connector try --json prints"},
        "try_order.schema.json": {
            "$schema": _DIALECT,
            **_printed(TryOrderResult),
            "title": "What ml-connector try --order --json prints",
        },
    }


def _printed(model: Any) -> dict[str, Any]:
    """The schema of what is printed: every field is there, and no variable stands for a value."""
    schema: dict[str, Any] = model.model_json_schema(mode="serialization")
    return schema


def _schema(model: Any, title: str) -> dict[str, Any]:
    made = with_variables(model.model_json_schema())
    return {"$schema": _DIALECT, **made, "title": title}


def with_variables(node: Any) -> Any:
    """The schema with environment variables allowed wherever a number, a flag or one of a few words is wanted."""
    if isinstance(node, list):
        return [with_variables(item) for item in node]
    if not isinstance(node, dict):
        return node
    inside = {key: with_variables(value) for key, value in node.items()}
    scalar = inside.get("type") in ("integer", "number", "boolean")
    words = inside.get("type") == "string" and ("enum" in inside or "pattern" in inside)
    if not (scalar or words) or inside.get("pattern") == VARIABLE["pattern"]:
        return inside
    kept = {key: inside.pop(key) for key in ("description", "default", "title") if key in inside}
    return {**kept, "anyOf": [inside, VARIABLE]}


def text_of(schema: dict[str, Any]) -> str:
    """The schema as it stands in its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("docs/schemas"),
    show_default=True,
    help="Folder to write into.",
)
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 1 when a file is not current.")
@common
def schema(session: Session, out: Path, only_check: bool) -> int:
    """Write the JSON Schemas of connections.yaml, of partner files, of layouts, and of what `try --json` prints.

    Editors pick them up from the `# yaml-language-server: $schema=...` line at the top of the files. Systems and flows
    of other packages that connections.yaml names are in them.

    \b
    Examples:
      ml-connector schema
      ml-connector schema --check
    """
    stale: list[str] = []
    for name, value in schemas(session.path if session.path.is_file() else None).items():
        path = out / name
        text = text_of(value)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(str(path))
            if not only_check:
                out.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    verb = "Not current" if only_check else "Wrote"
    session.emit(
        {"stale" if only_check else "written": stale},
        lambda: say(f"{verb}: {', '.join(stale)}" if stale else "All schemas are current."),
    )
    return Exit.WRONG if only_check and stale else Exit.OK
