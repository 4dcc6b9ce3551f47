"""The partner that an option of `edi` commands names."""

from typing import TYPE_CHECKING

from ml_connector.cli.shared.session import Session
from ml_connector.errors import ConfigError

if TYPE_CHECKING:
    from ml_connector.config.partners import Partner


def partner_of(session: Session, name: str) -> "Partner":
    """The partner of this name, of whichever integration."""
    from ml_connector.config.loading import load_deployment

    loaded = load_deployment(session.path)
    for partners in loaded.partners.values():
        if name in partners:
            return partners[name]
    for problem in (problem for problems in loaded.problems.values() for problem in problems):
        if problem.name == name:
            raise ConfigError(problem.message, remedy=problem.remedy)
    known = ", ".join(sorted({name for partners in loaded.partners.values() for name in partners}))
    raise ConfigError(f"There is no partner {name!r}.", remedy=f"Known are: {known}.")
