-- People with an account. `username` and `email` are as they were typed; the keys are the forms that are compared.
CREATE TABLE users (
    id                UUID             NOT NULL PRIMARY KEY,
    username          TEXT             NOT NULL,
    username_key      TEXT COLLATE "C" NOT NULL,
    email             TEXT             NOT NULL,
    email_key         TEXT COLLATE "C" NOT NULL,
    -- When the address was confirmed.
    email_verified_at BIGINT,
    -- The name to show.
    name              TEXT             NOT NULL,
    -- A PHC string; absent where the account has no password.
    password_hash     TEXT,
    -- Raised by every new password.
    password_version  BIGINT           NOT NULL,
    -- Raised by every change after which older tokens must be refused.
    generation        BIGINT           NOT NULL,
    disabled_at       BIGINT,
    created_at        BIGINT           NOT NULL,
    updated_at        BIGINT           NOT NULL,
    CONSTRAINT users_username_key UNIQUE (username_key),
    CONSTRAINT users_email_key UNIQUE (email_key)
);

-- The roles each of them has.
CREATE TABLE user_roles (
    user_id UUID             NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, role)
);

-- Names of deleted accounts. They are never given again, so that nobody inherits the trust in a name.
CREATE TABLE retired_usernames (
    username_key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    retired_at   BIGINT           NOT NULL
);
