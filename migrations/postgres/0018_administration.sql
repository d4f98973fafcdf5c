-- How far users are let in to single resources: their level in each. What the levels are, and which is above which, is a
-- setting of the program.
CREATE TABLE memberships (
    user_id     UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    resource    TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    level       TEXT NOT NULL,
    PRIMARY KEY (user_id, resource, resource_id)
);

-- Who did it, where that is not the user it happened to; and what it was done to beside the user: the name of a role, the
-- id of a key.
ALTER TABLE events ADD COLUMN actor_id UUID;
ALTER TABLE events ADD COLUMN about TEXT;

-- The whole trail, newest first, of one kind. All of it is in the order of the ids.
CREATE INDEX events_by_kind ON events (kind, id);
