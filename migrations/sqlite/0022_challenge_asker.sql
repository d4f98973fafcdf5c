-- Who asked for a challenge: a user, or a network where nobody knows yet who it is. Each may have so many, and no more.
ALTER TABLE passkey_challenges ADD COLUMN asker TEXT;

CREATE INDEX passkey_challenges_by_asker ON passkey_challenges (asker, expires_at);
