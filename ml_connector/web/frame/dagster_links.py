"""Where Dagster shows what a page is about (`web.dagster_url`); empty where nobody says where it is."""

from datetime import date
from urllib.parse import quote, urlencode

from ml_connector.errors import ConfigError
from ml_connector.flows import registry


def of_day(base: str, day: date) -> str:
    """The runs of a day's partition."""
    return f"{base}/runs?{urlencode({'q[0]': f'tag:dagster/partition={day.isoformat()}'})}" if base else ""


def of_flow(base: str, integration: str, flow: str, day: date) -> str:
    """The partition of a day at the last asset of a flow; else the runs of that day."""
    try:
        assets = registry.find(flow).shown
    except (ConfigError, KeyError):
        assets = []
    if not base or not assets:
        return of_day(base, day)
    asset = f"{quote(integration, safe='')}/{quote(assets[-1].name, safe='')}"
    return f"{base}/assets/{asset}?{urlencode({'view': 'partitions', 'partition': day.isoformat()})}"
