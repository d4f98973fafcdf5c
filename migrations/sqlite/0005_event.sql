-- The trail: what happened to which account, never with a secret in it. It outlives accounts and sessions, so it does
-- not refer to them by foreign key.
CREATE TABLE events (
    id          BLOB    NOT NULL PRIMARY KEY,
    happened_at INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    user_id     BLOB,
    session_id  BLOB,
    address     TEXT,
    user_agent  TEXT
) STRICT, WITHOUT ROWID;

-- A user's own trail, newest first.
CREATE INDEX events_by_user ON events (user_id, happened_at, id) WHERE user_id IS NOT NULL;
