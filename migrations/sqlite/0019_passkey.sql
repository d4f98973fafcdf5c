-- What authenticators know a user by: random bytes, made with the user's first key and never changed. They say nothing of
-- the account, and an authenticator shows them to whoever holds it.
CREATE TABLE passkey_handles (
    user_id BLOB NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    handle  BLOB NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

-- The public keys of authenticators, any number for each user: passkeys, and security keys.
CREATE TABLE passkeys (
    id              BLOB    NOT NULL PRIMARY KEY,
    user_id         BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind            TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    -- Chosen by the authenticator. Of one user only, among all there are: whoever registers another's would be taken for
    -- them.
    credential_id   BLOB    NOT NULL UNIQUE,
    -- The public key, and what was asked when it was registered, in JSON.
    public_key      TEXT    NOT NULL,
    -- How often the authenticator says it has signed; 0 for those that do not count. It only ever rises.
    sign_count      INTEGER NOT NULL,
    backup_eligible INTEGER NOT NULL,
    backed_up       INTEGER NOT NULL,
    -- How the authenticator is reached: WebAuthn's names, separated by spaces.
    transports      TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    last_used_at    INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX passkeys_by_user ON passkeys (user_id);

-- Challenges that wait for an authenticator's answer. The first answer takes its challenge away, right or wrong.
CREATE TABLE passkey_challenges (
    -- Of the id of the flow that the challenge was given out with.
    hash       BLOB    NOT NULL PRIMARY KEY,
    -- What it was given out for, and the only thing it is good for.
    ceremony   TEXT    NOT NULL,
    user_id    BLOB    REFERENCES users (id) ON DELETE CASCADE,
    -- The session it was asked for in, where it was asked for in one.
    session_id BLOB,
    -- The challenge, and what the answer to it must be like, in JSON.
    state      TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX passkey_challenges_by_user ON passkey_challenges (user_id);
CREATE INDEX passkey_challenges_by_expiry ON passkey_challenges (expires_at);
