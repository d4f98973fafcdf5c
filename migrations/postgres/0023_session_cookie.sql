-- The SHA-256 of the secret in a browser's cookie, for a session that is kept in one instead of in tokens.
ALTER TABLE sessions ADD COLUMN cookie BYTEA;

CREATE UNIQUE INDEX sessions_by_cookie ON sessions (cookie) WHERE cookie IS NOT NULL;
