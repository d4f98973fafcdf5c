-- The key that seals every other secret in this database, wrapped by the master key, which is kept elsewhere. There
-- is exactly one: the constant slot makes the first of any number of racing offers win.
CREATE TABLE data_keys (
    slot       INTEGER NOT NULL PRIMARY KEY CHECK (slot = 1),
    sealed     BLOB    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- The keys that sign access tokens, sealed under the data key, numbered in the order in which they were made. The
-- number is what two keys offered at once compete for.
CREATE TABLE signing_keys (
    kid        TEXT    NOT NULL PRIMARY KEY,
    number     INTEGER NOT NULL,
    algorithm  TEXT    NOT NULL,
    sealed     BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT signing_keys_number UNIQUE (number)
) STRICT, WITHOUT ROWID;
