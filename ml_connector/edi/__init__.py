"""X12 for procurement: reading, checking, writing and acknowledging; knows nothing of systems, ledger or Dagster.

    from ml_connector.edi.interchange import ReadOptions, ReceivedSet, read_interchanges
    for item in read_interchanges(data, ReadOptions()):
        if isinstance(item, ReceivedSet) and item.document is not None:
            print(item.set_type, item.document, item.findings)

What others call:

    edi.interchange   read_interchanges(source, options) and the items it yields, in order
    edi.write         write_interchange(envelope, controls, documents, at) -> WrittenInterchange
    edi.acknowledge   acknowledge(...), refused_sets(...): the 997 of a received group, and reading one that came
    edi.overlay       Overlay, overlay_from(mapping): what a partner does otherwise
    edi.findings      Finding, Severity, Level
    edi.separators    Separators
"""
