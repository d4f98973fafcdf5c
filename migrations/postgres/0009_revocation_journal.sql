-- Revocations in the order in which they became visible, so that whoever has seen those up to one number finds the
-- later ones, and no others, above it.
ALTER TABLE revocations ADD COLUMN change BIGINT NOT NULL DEFAULT 0;

UPDATE revocations SET change = numbered.number
FROM (SELECT kind, subject, row_number() OVER (ORDER BY until) AS number FROM revocations) AS numbered
WHERE revocations.kind = numbered.kind AND revocations.subject = numbered.subject;

CREATE INDEX revocations_by_change ON revocations (change);

-- The number that was given last: the constant slot keeps this to one row. Whoever revokes raises it, and holds the row
-- until their transaction ends, so that numbers become visible in their order. The id tells this database's numbers from
-- another's; it is no secret.
CREATE TABLE revocation_journal (
    slot        BIGINT NOT NULL PRIMARY KEY CHECK (slot = 1),
    id          TEXT   NOT NULL,
    last_change BIGINT NOT NULL
);

INSERT INTO revocation_journal (slot, id, last_change)
SELECT 1, left(replace(gen_random_uuid()::text, '-', ''), 16), count(*) FROM revocations;
