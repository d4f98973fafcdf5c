-- How many attempts have failed, counted under opaque keys (hashes, where a key would name someone).
CREATE TABLE attempts (
    bucket    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    failures  BIGINT           NOT NULL,
    last_at   BIGINT           NOT NULL,
    -- From then on the bucket counts as empty.
    forget_at BIGINT           NOT NULL
);

CREATE INDEX attempts_by_forget_at ON attempts (forget_at);
