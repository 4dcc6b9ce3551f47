"""The demo's own deployment, as it comes with the package, written into its home folder.

What stands in the folder where the demo is started is never read: it may be a real deployment.
"""

import json
import re
import shutil
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

#: How many runs of Dagster work at once: as shipped for SQLite, and here.
ONE_RUN, RUNS = "max_concurrent_runs: 1", "max_concurrent_runs: 3"
#: ${NAME:-otherwise}, as configuration files have it.
_VARIABLE = re.compile(r"\$\{([A-Z_]{1,60})(?::-([^}]{0,200}))?\}")


def write_deployment(home: Path, values: Mapping[str, str]) -> Path:
    """connections.yaml, partners and Dagster's settings in the home folder; the configuration's path.

    values replace the variables in connections.yaml, so that the file alone leads to the demo from any terminal.
    """
    packaged = resources.files("ml_connector.demo") / "deployment"
    _copy(packaged, home)
    config = home / "connections.yaml"
    text = _VARIABLE.sub(
        lambda found: json.dumps(values.get(found[1], found[2] or "")), config.read_text(encoding="utf-8")
    )
    # a schema that stands elsewhere would only be missed by an editor
    text = re.sub(r"(?m)^# yaml-language-server: .*\n", "", text)
    text = re.sub(r"(?m)^home: .*$", lambda _: f"home: {json.dumps(str(home))}", text)
    config.write_text(text, encoding="utf-8")
    templates = resources.files("ml_connector.cli") / "templates"
    (home / "workspace.yaml").write_bytes((templates / "workspace.yaml").read_bytes())
    dagster = (templates / "dagster.yaml").read_text(encoding="utf-8")
    # Five integrations in few minutes: while one run waits for a stand-in, another works.
    (home / "dagster.yaml").write_text(dagster.replace(ONE_RUN, RUNS), encoding="utf-8")
    return config


def _copy(source: Traversable, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for one in source.iterdir():
        if one.is_dir():
            _copy(one, target / one.name)
        else:
            with resources.as_file(one) as file:
                shutil.copyfile(file, target / one.name)
