-- Logins that have begun and are not finished: what was shown so far, and which step is next. Known by the hash of an id
-- that only the client has. A row lives for minutes and is gone when its step is taken.
CREATE TABLE flows (
    hash             BYTEA   NOT NULL PRIMARY KEY,
    -- The step it waits for, and the only one it is good for.
    step             TEXT    NOT NULL,
    user_id          UUID    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- How the user has shown so far who they are (RFC 8176 values separated by spaces), and since when.
    amr              TEXT    NOT NULL,
    auth_time        BIGINT  NOT NULL,
    -- The user as they were then. A login does not go on once either has moved.
    password_version BIGINT  NOT NULL,
    generation       BIGINT  NOT NULL,
    -- Whether the session asked for is to be a long one.
    remember         BOOLEAN NOT NULL,
    expires_at       BIGINT  NOT NULL
);

CREATE INDEX flows_by_user ON flows (user_id);
CREATE INDEX flows_by_expiry ON flows (expires_at);
