-- People with an account. `username` and `email` are as they were typed; the keys are the forms that are compared.
CREATE TABLE users (
    id                BLOB    NOT NULL PRIMARY KEY,
    username          TEXT    NOT NULL,
    username_key      TEXT    NOT NULL,
    email             TEXT    NOT NULL,
    email_key         TEXT    NOT NULL,
    -- When the address was confirmed.
    email_verified_at INTEGER,
    -- The name to show.
    name              TEXT    NOT NULL,
    -- A PHC string; absent where the account has no password.
    password_hash     TEXT,
    -- Raised by every new password.
    password_version  INTEGER NOT NULL,
    -- Raised by every change after which older tokens must be refused.
    generation        INTEGER NOT NULL,
    disabled_at       INTEGER,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    CONSTRAINT users_username_key UNIQUE (username_key),
    CONSTRAINT users_email_key UNIQUE (email_key)
) STRICT, WITHOUT ROWID;

-- The roles each of them has.
CREATE TABLE user_roles (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role    TEXT NOT NULL,
    PRIMARY KEY (user_id, role)
) STRICT, WITHOUT ROWID;

-- Names of deleted accounts. They are never given again, so that nobody inherits the trust in a name.
CREATE TABLE retired_usernames (
    username_key TEXT    NOT NULL PRIMARY KEY,
    retired_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
