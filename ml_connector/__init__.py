"""ml-connector: ERPs and B2B networks exchange documents, as Dagster assets over an append-only ledger."""


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version

        return version("ml-connector")
    raise AttributeError(name)
