-- One login of one user on one device. The id is the `sid` of its tokens; knowing it opens nothing.
CREATE TABLE sessions (
    id         UUID   NOT NULL PRIMARY KEY,
    user_id    UUID   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    -- When it ends whatever happens.
    expires_at BIGINT NOT NULL,
    -- When its user last proved who they are, and how (RFC 8176 values separated by spaces).
    auth_time  BIGINT NOT NULL,
    amr        TEXT   NOT NULL,
    address    TEXT,
    user_agent TEXT,
    -- When it was ended before its time.
    ended_at   BIGINT
);

-- To end all of a user's, and for the cascade.
CREATE INDEX sessions_by_user ON sessions (user_id);

-- To find those that may be forgotten.
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
