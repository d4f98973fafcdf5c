-- One login of one user on one device. The id is the `sid` of its tokens; knowing it opens nothing.
CREATE TABLE sessions (
    id         BLOB    NOT NULL PRIMARY KEY,
    user_id    BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    -- When it ends whatever happens.
    expires_at INTEGER NOT NULL,
    -- When its user last proved who they are, and how (RFC 8176 values separated by spaces).
    auth_time  INTEGER NOT NULL,
    amr        TEXT    NOT NULL,
    address    TEXT,
    user_agent TEXT,
    -- When it was ended before its time.
    ended_at   INTEGER
) STRICT, WITHOUT ROWID;

-- To end all of a user's, and for the cascade.
CREATE INDEX sessions_by_user ON sessions (user_id);

-- To find those that may be forgotten.
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
