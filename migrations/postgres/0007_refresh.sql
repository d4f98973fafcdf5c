-- When a session was last used, and when it ends unless it is used again, which is never after `expires_at`.
ALTER TABLE sessions ADD COLUMN last_seen_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN idle_until BIGINT NOT NULL DEFAULT 0;

UPDATE sessions SET last_seen_at = created_at, idle_until = expires_at;

-- To find those that may be forgotten. It takes the place of the index by `expires_at`, which nothing reads any more.
CREATE INDEX sessions_by_idle ON sessions (idle_until);
DROP INDEX sessions_by_expiry;

-- Every refresh token that a session ever had, by its SHA-256. Those that were exchanged are kept as long as the session
-- is, so that one that comes back is known for what it is.
CREATE TABLE refresh_tokens (
    hash       BYTEA  NOT NULL PRIMARY KEY,
    session_id UUID   NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    -- When it was exchanged for the next one.
    spent_at   BIGINT
);

-- To forget those of a session, and for the cascade.
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);
