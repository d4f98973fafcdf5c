-- The trail: what happened to which account, never with a secret in it. It outlives accounts and sessions, so it does
-- not refer to them by foreign key.
CREATE TABLE events (
    id          UUID   NOT NULL PRIMARY KEY,
    happened_at BIGINT NOT NULL,
    kind        TEXT   NOT NULL,
    user_id     UUID,
    session_id  UUID,
    address     TEXT,
    user_agent  TEXT
);

-- A user's own trail, newest first.
CREATE INDEX events_by_user ON events (user_id, happened_at, id) WHERE user_id IS NOT NULL;
