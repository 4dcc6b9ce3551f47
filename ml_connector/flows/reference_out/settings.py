"""Settings of the flow that tells partners of reference tables. What each of them gets stands in its own file."""

from ml_connector.config.integrations import FlowSettings


class ReferenceOut(FlowSettings):
    """It is on where an integration names it."""
