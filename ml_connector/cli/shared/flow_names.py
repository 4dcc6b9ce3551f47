"""Flows by name, as options take them: those that come with the package, and those that the configuration adds."""

from typing import Any

import click

from ml_connector.cli.shared.session import Session
from ml_connector.errors import ConfigError
from ml_connector.flows import registry


class FlowName(click.Choice[str]):
    """A flow. The configuration is read where a name is of none that comes with the package."""

    def __init__(self) -> None:
        super().__init__(list(registry.FLOWS))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value in self.choices or ctx is None:
            return super().convert(value, param, ctx)
        from ml_connector.config.flows import added_in

        session, given = ctx.ensure_object(Session), ctx.params.get("config")
        if isinstance(given, str):  # read before, as the other options are not
            session.config = given
        try:
            known = [*registry.FLOWS, *added_in(session.path)]
        except ConfigError:
            known = list(registry.FLOWS)
        return click.Choice(known).convert(value, param, ctx)
