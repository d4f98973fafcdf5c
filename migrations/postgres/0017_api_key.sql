-- Keys that users make for their programs. Known by the hash of the whole key; the id is a part of it, to find the row by.
CREATE TABLE api_keys (
    id           UUID   NOT NULL PRIMARY KEY,
    user_id      UUID   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash         BYTEA  NOT NULL,
    -- What its owner calls it.
    name         TEXT   NOT NULL,
    -- What it may do at most (scopes separated by spaces): never more than its owner may.
    scopes       TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    -- To within an hour or so.
    last_used_at BIGINT
);

-- To list and to count a user's own, and for the cascade.
CREATE INDEX api_keys_by_user ON api_keys (user_id, id);

-- To find those that may be forgotten.
CREATE INDEX api_keys_by_expiry ON api_keys (expires_at);
