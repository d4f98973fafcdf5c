-- Authenticator apps that are live: one for each user who has one.
CREATE TABLE totp (
    user_id      BLOB    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    -- Another one for every set-up, so that a code is never counted against a secret it was not checked with.
    id           BLOB    NOT NULL,
    -- Sealed under the data key, for this id.
    secret       BLOB    NOT NULL,
    -- The step of the last code that was accepted. Only a later one is accepted.
    last_step    INTEGER NOT NULL,
    confirmed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Those that are being set up. They stand apart, so that one that is not confirmed can neither be asked for nor take the
-- place of one that is.
CREATE TABLE totp_setups (
    user_id    BLOB    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    id         BLOB    NOT NULL,
    secret     BLOB    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX totp_setups_by_expiry ON totp_setups (expires_at);

-- Recovery codes that are not spent, each as a keyed hash. Spending one deletes its row.
CREATE TABLE recovery_codes (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash    BLOB NOT NULL,
    PRIMARY KEY (user_id, hash)
) STRICT, WITHOUT ROWID;
