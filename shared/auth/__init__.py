"""Sign-in: roles, users, signed tokens and their verification."""
