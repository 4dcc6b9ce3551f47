"""One package per outside system: client, records, translation to and from business documents."""
