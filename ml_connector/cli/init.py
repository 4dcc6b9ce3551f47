"""`ml-connector init`: commented starting files, ready to be filled in."""

import os
import re
import sys
from importlib import resources
from pathlib import Path

import click

from ml_connector.cli.schema import schemas, text_of
from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.cli.shared.output import say
from ml_connector.cli.shared.session import Session, common
from ml_connector.errors import ConfigError

#: Where the schema of partner files stands beside a configuration: as `init` writes it, and in this repository.
SCHEMAS = ("schemas/partner.schema.json", "docs/schemas/partner.schema.json")
_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,59}")


@click.command()
@click.option(
    "--partner", "partners", multiple=True, metavar="NAME", help="A partner file of this name; may be repeated."
)
@click.option(
    "--role",
    type=click.Choice(("supplier", "customer", "procurement", "bank", "network")),
    default="supplier",
    show_default=True,
    help="What that partner is to us.",
)
@click.option("--integration", help="Integration the partner belongs to (default: the only one).")
@click.option(
    "--production", is_flag=True, help="Also deploy/: systemd units, their environment, Dagster on PostgreSQL, nginx."
)
@click.option("--force", is_flag=True, help="Write over files that are there already.")
@common
def init(
    session: Session, partners: tuple[str, ...], role: str, integration: str | None, production: bool, force: bool
) -> int:
    """Write commented starting files: connections.yaml, an example partner, Dagster's settings, schemas for editors.

    With --partner NAME only a partner file is written, into the folder of its integration. Files that are there
    already are never written over without --force.

    \b
    Examples:
      ml-connector init
      ml-connector init --partner northwind
      ml-connector init --partner big_retail --role customer
      ml-connector init --production
    """
    path = session.path
    if partners:
        files: dict[Path, str] = {}
        for name in partners:
            file = _partner_path(path, integration, name)
            schema = _schema_beside(path)
            files |= {file: _partner_text(name, role, _from(file, schema))}
            if not schema.exists():
                files[schema] = text_of(schemas()[schema.name])
    else:
        files = _starting_files(path)
    if production:
        if not partners and path.exists() and not force:
            # a deployment that is there already only gets what is new
            files = {}
        files |= _production_files(path)
    _refuse_existing(list(files), force=force)
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    written = [str(file) for file in files]

    def human() -> None:
        for file in written:
            say(f"Wrote {file}")
        if partners:
            say(f"Fill in identity, {_KEYS.get(role, 'account')} and channels, then run `ml-connector check`.")
        else:
            say(
                "Next: fill in connections.yaml, then `ml-connector credentials generate-key` and `ml-connector check`."
            )

    session.emit({"written": written}, human)
    return Exit.OK


def _starting_files(path: Path) -> dict[Path, str]:
    import yaml

    folder = path.parent
    text = template("connections.yaml")
    files = {path: text}
    for integration in yaml.safe_load(text)["integrations"].values():
        file = folder / integration["partners"] / "example.yaml"
        files[file] = _partner_text("example", schema=_from(file, folder / SCHEMAS[0]))
    # Dagster finds its settings and our code location in the folder it is started in.
    files |= {folder / name: template(name) for name in ("workspace.yaml", "dagster.yaml")}
    files |= {folder / "schemas" / name: text_of(schema) for name, schema in schemas().items()}
    return files


def _production_files(path: Path) -> dict[Path, str]:
    """What runs all processes under systemd, with the paths of this installation and this configuration."""
    packaged = resources.files("ml_connector.cli") / "templates" / "production"
    folder = path.parent.absolute()
    ours = {
        "/opt/ml-connector/venv/bin": str(Path(sys.executable).parent),
        "/srv/ml-connector/connections.yaml": str(path.absolute()),
        "/srv/ml-connector": str(folder),
    }
    files = {}
    for one in packaged.iterdir():
        text = one.read_text(encoding="utf-8")
        for shipped, here in ours.items():
            text = text.replace(shipped, here)
        files[folder / "deploy" / one.name] = text
    return files


def template(name: str) -> str:
    """A starting file as it is packaged."""
    return (resources.files("ml_connector.cli") / "templates" / name).read_text(encoding="utf-8")


#: The key of a partner's account at the ERP by role, and how its line begins.
_KEYS = {"supplier": "vendor", "customer": "customer"}
_ACCOUNTS = {
    "supplier": ("vendor: FILL_IN", "code of the supplier in the ERP, without blanks before it"),
    "customer": ("customer: FILL_IN", "code of the customer in the ERP, without blanks before it"),
}
#: Parts of the starting file that only suppliers have.
_OF_SUPPLIERS = ("# orders:", "# order_changes:", "# tolerances:")


def _schema_beside(config: Path) -> Path:
    """The schema of partner files that stands beside a configuration, or where it will stand."""
    places = [config.parent / place for place in SCHEMAS]
    return next((place for place in places if place.is_file()), places[0])


def _from(file: Path, schema: Path) -> str:
    """How an editor finds the schema from a file's folder."""
    return Path(os.path.relpath(schema.absolute(), file.parent.absolute())).as_posix()


def _partner_text(name: str, role: str = "supplier", schema: str = SCHEMAS[0]) -> str:
    """A starting file. schema: its place as seen from the file's folder.

    Raises:
        ConfigError: no partner can have that name.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} is not a name of a partner.",
            remedy="Use small letters, digits and _, at most 60, no _ at the start.",
        )
    text = template("partner.yaml")
    title = name.replace("_", " ").title()
    if role != "supplier":
        text = "\n\n".join(part for part in text.split("\n\n") if not part.startswith(_OF_SUPPLIERS))
    account = "{:<44}# {}".format(*_ACCOUNTS.get(role, ('# account: ""', "its account at the ERP, if it has one")))
    account = account if role == "supplier" else f"role: {role}\n{account}"
    text = text.replace("__ROLE__", role).replace("__ACCOUNT__", account)
    return text.replace("__NAME__", name).replace("__TITLE__", title).replace("__SCHEMA__", schema)


def _partner_path(path: Path, integration: str | None, name: str) -> Path:
    """Where a partner's file belongs: the folder its integration names.

    Raises:
        ConfigError: the configuration is missing or wrong, or names several integrations.
    """
    import yaml

    from ml_connector.cli.shared.session import only_integration
    from ml_connector.composition import Deployment

    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        for settings in (raw.get("integrations") or {}).values():
            # A folder that is not there yet is no reason to refuse its first file.
            (path.parent / str(settings["partners"])).mkdir(parents=True, exist_ok=True)
    except (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError):
        pass  # told with its place by what follows
    with Deployment.open(path) as deployment:
        chosen = only_integration(deployment, integration)
        folder = path.parent / deployment.loaded.integration(chosen).partners
    return folder / f"{name}.yaml"


def _refuse_existing(files: list[Path], *, force: bool) -> None:
    if force:
        return
    existing = [file for file in files if file.exists() and file.suffix == ".yaml"]
    if existing:
        raise ConfigError(f"{existing[0]} is there already.", remedy="Take it away, or use --force to write over it.")
