"""`ml-connector`: the command line. Commands are imported when they are run, so that `--help` is quick."""

from ml_connector.cli.app import main

__all__ = ["main"]
