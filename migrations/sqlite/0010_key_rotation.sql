-- When a key begins to sign; until then it is only published. The one that signs is the newest whose moment has come,
-- and it signs until the next one does. A first key signs at once.
ALTER TABLE signing_keys ADD COLUMN signs_from INTEGER NOT NULL DEFAULT 0;

-- When its tokens stopped being good, on the operator's word. From then on `sealed` is empty.
ALTER TABLE signing_keys ADD COLUMN retired_at INTEGER;

-- Raised by every change of the keys, so that those who follow them need not read them to see that nothing has changed.
-- Whoever changes them holds this row, so that changes happen one after the other.
CREATE TABLE signing_key_versions (
    slot    INTEGER NOT NULL PRIMARY KEY CHECK (slot = 1),
    version INTEGER NOT NULL
) STRICT;

INSERT INTO signing_key_versions (slot, version) VALUES (1, 0);
