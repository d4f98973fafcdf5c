-- Secrets that are mailed, one row each: what it is for, for whom and for which address exactly. A row may be there before
-- its secret, which is made when the mail is sent: the id is that of the mail.
CREATE TABLE one_time_tokens (
    id              UUID   NOT NULL PRIMARY KEY,
    purpose         TEXT    NOT NULL,
    user_id         UUID    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The address it is about: it is mailed there, and what it opens concerns no other.
    email           TEXT    NOT NULL,
    email_key       TEXT COLLATE "C" NOT NULL,
    -- The SHA-256 of the secret; absent until the mail is sent.
    hash            BYTEA,
    expires_at      BIGINT NOT NULL,
    -- A keyed hash of the code that may be typed instead, until when, and how often one was.
    code_hash       BYTEA,
    code_expires_at BIGINT,
    code_tries      BIGINT NOT NULL DEFAULT 0
);

CREATE UNIQUE INDEX one_time_tokens_by_hash ON one_time_tokens (hash) WHERE hash IS NOT NULL;

-- To replace those of a user, and for the cascade.
CREATE INDEX one_time_tokens_by_user ON one_time_tokens (user_id, purpose);

-- To find the one that a code was typed for, and addresses that may come back to their account.
CREATE INDEX one_time_tokens_by_email ON one_time_tokens (email_key, purpose);

-- To find those that may be forgotten.
CREATE INDEX one_time_tokens_by_expiry ON one_time_tokens (expires_at);
