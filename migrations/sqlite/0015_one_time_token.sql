-- Secrets that are mailed, one row each: what it is for, for whom and for which address exactly. A row may be there before
-- its secret, which is made when the mail is sent: the id is that of the mail.
CREATE TABLE one_time_tokens (
    id              BLOB    NOT NULL PRIMARY KEY,
    purpose         TEXT    NOT NULL,
    user_id         BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The address it is about: it is mailed there, and what it opens concerns no other.
    email           TEXT    NOT NULL,
    email_key       TEXT    NOT NULL,
    -- The SHA-256 of the secret; absent until the mail is sent.
    hash            BLOB,
    expires_at      INTEGER NOT NULL,
    -- A keyed hash of the code that may be typed instead, until when, and how often one was.
    code_hash       BLOB,
    code_expires_at INTEGER,
    code_tries      INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX one_time_tokens_by_hash ON one_time_tokens (hash) WHERE hash IS NOT NULL;

-- To replace those of a user, and for the cascade.
CREATE INDEX one_time_tokens_by_user ON one_time_tokens (user_id, purpose);

-- To find the one that a code was typed for, and addresses that may come back to their account.
CREATE INDEX one_time_tokens_by_email ON one_time_tokens (email_key, purpose);

-- To find those that may be forgotten.
CREATE INDEX one_time_tokens_by_expiry ON one_time_tokens (expires_at);
