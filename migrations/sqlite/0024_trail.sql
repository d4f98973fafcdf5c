-- How whoever did it had shown who they are: RFC 8176 values, with spaces between them.
ALTER TABLE events ADD COLUMN amr TEXT;

-- The trail forgets what is older than this, and nothing else: whoever removes rows moves it first.
CREATE TABLE event_horizon (
    slot           INTEGER NOT NULL PRIMARY KEY CHECK (slot = 1),
    forgets_before INTEGER NOT NULL
) STRICT;

INSERT INTO event_horizon (slot, forgets_before) VALUES (1, 0);

CREATE TRIGGER events_stay_as_they_are BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'the trail is append-only');
END;

CREATE TRIGGER events_stay BEFORE DELETE ON events
WHEN OLD.happened_at >= (SELECT forgets_before FROM event_horizon)
BEGIN
    SELECT RAISE(ABORT, 'the trail is append-only');
END;
