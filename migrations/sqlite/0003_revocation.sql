-- Tokens that were good when they were issued and are not any more. A row is needed only until the last token it
-- concerns has expired by itself.
CREATE TABLE revocations (
    -- `session`: every token of that session. `user`: every token of that user below the minimum generation.
    kind    TEXT    NOT NULL CHECK (kind IN ('session', 'user')),
    subject TEXT    NOT NULL,
    minimum INTEGER,
    until   INTEGER NOT NULL,
    PRIMARY KEY (kind, subject),
    CHECK ((kind = 'user') = (minimum IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX revocations_by_until ON revocations (until);
