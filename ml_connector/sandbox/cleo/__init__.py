"""Stand-in of Cleo Integration Cloud's REST API: accounts, folders, files, events and actions."""
