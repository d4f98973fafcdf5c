-- Set where someone has asked for an account and waits for an administrator to open it. Until then it is disabled, too.
ALTER TABLE users ADD COLUMN pending INTEGER NOT NULL DEFAULT FALSE;

-- To list those who wait.
CREATE INDEX users_pending ON users (id) WHERE pending;

-- Links that make the first administrator, known by the hash of their token. Each server that starts before there is one
-- gives out its own. None is good any more once there is an administrator.
CREATE TABLE first_admin_links (
    hash       BLOB    NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
