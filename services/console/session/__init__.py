"""Sign-in: users, the sealed cookie of a session, the protection of writes."""
