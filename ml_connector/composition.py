"""From configuration to working parts: the one place where connections, systems and the ledger meet.

`Deployment` is what orchestration, web, CLI and tests start from. Parts are made when first asked for; tests pass
`overrides` instead of patching.
"""

import gc
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ml_connector.clock import Clock, clock_from
from ml_connector.config.integrations import NoticesOf
from ml_connector.config.loading import load_deployment
from ml_connector.deployment.labels import Labels
from ml_connector.errors import AuthorizationNeeded, TryAgain
from ml_connector.flows.core.integration import BOOKINGS_READER, Integration, folder_rules
from ml_connector.flows.names.changed_settings import with_what_was_known
from ml_connector.flows.registry import flows_of

CONFIG_VARIABLE = "ML_CONNECTOR_CONFIG"
#: New objects after which Python looks for circles of them. Documents make many and next to no circles: with its own
#: 700, looking through all that is loaded took 0.37 ms a document from file to posted bill, with this 0.10 of 6.3.
_NEW_OBJECTS = 10_000


def config_path(given: str | None = None) -> Path:
    """The configuration file: as given, by environment, or connections.yaml here."""
    return Path(given or os.environ.get(CONFIG_VARIABLE) or "connections.yaml")


@dataclass
class Deployment(Labels):
    """A configured deployment. Use as a context manager, or call `close`."""

    @classmethod
    def open(cls, path: Path | None = None, *, clock: Clock | None = None) -> Self:
        """Read the configuration; nothing is connected yet.

        Raises:
            ConfigError: the configuration is wrong.
        """
        gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])
        loaded = load_deployment(path or config_path())
        return cls(loaded, clock or clock_from(os.environ.get("ML_CONNECTOR_CLOCK_FILE")))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close clients and the ledger's engine, if they were made."""
        for part in (*self.erps.values(), *self.networks.values()):
            closing = getattr(part, "close", None)
            if closing is not None:
                closing()
        if "ledger" in self.__dict__:
            self.ledger.close()

    def integration(self, name: str) -> Integration:
        """An integration ready to run flows over."""
        settings = self.loaded.integration(name)
        files, layouts = self.partner_files(name)
        _ = self.restore
        integration = Integration(
            name=name,
            settings=settings,
            partners=files.partners,
            ledger=self.ledger,
            erp=self.erp(settings.erp),
            network=self.network(settings.network),
            clock=self.clock,
            flows=flows_of(settings.flows),
            folders=folder_rules(self.loaded.mailbox(settings.network)),
            notice_readers=self._notice_readers(settings.erp, "orders"),
            entry_readers=(*self._notice_readers(settings.erp, "entries"), *self._bookings_reader(settings.erp)),
            layouts=layouts,
            file_formats=self.system(settings.network).file_formats(self.loaded.connection(settings.network)),
            partner_files={partner: files.files[partner].name for partner in files.partners},
            problems=with_what_was_known(self.ledger, name, files.problems),
            settle=lambda: self._settled(name),
        )
        # Told before anything is begun; while the ERP cannot be asked for its company, it is asked at first need.
        with suppress(AuthorizationNeeded, TryAgain):
            _ = integration.belonging
        return integration

    def _notice_readers(self, erp: str, of: NoticesOf) -> tuple[str, ...]:
        """Integrations that read that of an ERP connection by its webhooks."""
        return tuple(
            name
            for name, settings in sorted(self.loaded.settings.integrations.items())
            if settings.erp == erp and settings.flows.read_notices(of)
        )

    def _bookings_reader(self, erp: str) -> tuple[str, ...]:
        """Who notes bookings does it for all integrations of an ERP connection at once."""
        return (BOOKINGS_READER,) if self._notice_readers(erp, "bookings") else ()
