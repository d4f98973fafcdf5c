-- From where each user has logged in, so that strangers elsewhere cannot make them wait, and they are told of a device
-- that is new.
CREATE TABLE known_devices (
    user_id      BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- An IPv4 address, or an IPv6 /64; empty where none is known.
    network      TEXT    NOT NULL,
    -- What the device calls itself, in a few words.
    label        TEXT    NOT NULL,
    last_seen_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, network, label)
) STRICT, WITHOUT ROWID;

-- To find those that may be forgotten.
CREATE INDEX known_devices_by_last_seen ON known_devices (last_seen_at);
