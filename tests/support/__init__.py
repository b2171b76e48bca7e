"""What the kinds of tests share: message builders, in-memory services, a toy service, polling and pytest plugins."""
