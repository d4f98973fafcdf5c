-- How many attempts have failed, counted under opaque keys (hashes, where a key would name someone).
CREATE TABLE attempts (
    bucket    TEXT    NOT NULL PRIMARY KEY,
    failures  INTEGER NOT NULL,
    last_at   INTEGER NOT NULL,
    -- From then on the bucket counts as empty.
    forget_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX attempts_by_forget_at ON attempts (forget_at);
