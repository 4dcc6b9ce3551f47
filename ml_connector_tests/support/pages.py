"""Pages of the documentation whose code is run as it stands there: a package's files, and what is configured."""

import re
from pathlib import Path


def write_package(page: str, package: str, folder: Path) -> list[str]:
    """The Python blocks of a page as the package that they are: each is of the file that is named last before it.

    Returns the names of its files, in the order of the page.
    """
    (folder / package).mkdir()
    (folder / package / "__init__.py").touch()
    blocks = re.findall(rf"`{package}/(\w+\.py)`(?:(?!```).)*?```python\n(.*?)```", page, re.DOTALL)
    for name, text in blocks:
        (folder / package / name).write_text(text, encoding="utf-8")
    return [name for name, _ in blocks]


def yaml_of(page: str) -> list[str]:
    """What a page configures, block by block."""
    return re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
