"""Who may call and when: sessions, control ids that were used, one request at a time, troubles that were ordered."""
