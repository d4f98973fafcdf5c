-- Keys that users make for their programs. Known by the hash of the whole key; the id is a part of it, to find the row by.
CREATE TABLE api_keys (
    id           BLOB    NOT NULL PRIMARY KEY,
    user_id      BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash         BLOB    NOT NULL,
    -- What its owner calls it.
    name         TEXT    NOT NULL,
    -- What it may do at most (scopes separated by spaces): never more than its owner may.
    scopes       TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    -- To within an hour or so.
    last_used_at INTEGER
) STRICT, WITHOUT ROWID;

-- To list and to count a user's own, and for the cascade.
CREATE INDEX api_keys_by_user ON api_keys (user_id, id);

-- To find those that may be forgotten.
CREATE INDEX api_keys_by_expiry ON api_keys (expires_at);
