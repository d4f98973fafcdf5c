-- The key that seals every other secret in this database, wrapped by the master key, which is kept elsewhere. There
-- is exactly one: the constant slot makes the first of any number of racing offers win.
CREATE TABLE data_keys (
    slot       BIGINT NOT NULL PRIMARY KEY CHECK (slot = 1),
    sealed     BYTEA  NOT NULL,
    created_at BIGINT NOT NULL
);

-- The keys that sign access tokens, sealed under the data key, numbered in the order in which they were made. The
-- number is what two keys offered at once compete for.
CREATE TABLE signing_keys (
    kid        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    number     BIGINT           NOT NULL,
    algorithm  TEXT             NOT NULL,
    sealed     BYTEA            NOT NULL,
    created_at BIGINT           NOT NULL,
    CONSTRAINT signing_keys_number UNIQUE (number)
);
