-- The outbox: mails that were asked for and have not left yet, one row each, whether or not anyone goes by the name they
-- were asked for. A worker finds out. There is no token, code or text in here: those are made when a mail is sent.
CREATE TABLE outbox (
    id          UUID   NOT NULL PRIMARY KEY,
    kind        TEXT   NOT NULL,
    asked_at    BIGINT NOT NULL,
    -- To whom: this address; else whoever goes by this user name; else the address of the account in user_id.
    to_email    TEXT,
    to_username TEXT,
    -- The account it is about, where one is known. No foreign key: a mail may tell that an account is gone.
    user_id     UUID,
    -- What it is about, such as the name of a passkey. Never a secret.
    about       TEXT,
    -- The device that made it necessary.
    address     TEXT,
    user_agent  TEXT,
    -- The canonical address of the mailbox it is for, in which rows wait for each other. Empty until a worker looked.
    lane        TEXT COLLATE "C",
    -- How often it was taken. Whoever took it names the number again, so that nobody reports for another.
    attempts    BIGINT NOT NULL,
    -- When it may be taken; while someone has it, when they count as gone.
    due_at      BIGINT NOT NULL,
    -- It failed for good then, and is kept for a while to be seen.
    given_up_at BIGINT
);

CREATE INDEX outbox_by_due_at ON outbox (due_at) WHERE given_up_at IS NULL;

CREATE INDEX outbox_by_lane ON outbox (lane, id) WHERE given_up_at IS NULL;

CREATE INDEX outbox_without_lane ON outbox (id) WHERE lane IS NULL;

CREATE INDEX outbox_by_given_up_at ON outbox (given_up_at) WHERE given_up_at IS NOT NULL;
