-- How whoever did it had shown who they are: RFC 8176 values, with spaces between them.
ALTER TABLE events ADD COLUMN amr TEXT;

-- The trail forgets what is older than this, and nothing else: whoever removes rows moves it first.
CREATE TABLE event_horizon (
    slot           BIGINT NOT NULL PRIMARY KEY CHECK (slot = 1),
    forgets_before BIGINT   NOT NULL
);

INSERT INTO event_horizon (slot, forgets_before) VALUES (1, 0);

CREATE FUNCTION refuse_to_change_the_trail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the trail is append-only';
END;
$$;

CREATE FUNCTION refuse_to_shorten_the_trail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.happened_at >= (SELECT forgets_before FROM event_horizon) THEN
        RAISE EXCEPTION 'the trail is append-only';
    END IF;
    RETURN OLD;
END;
$$;

CREATE TRIGGER events_stay_as_they_are BEFORE UPDATE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_trail();

CREATE TRIGGER events_stay BEFORE DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION refuse_to_shorten_the_trail();
