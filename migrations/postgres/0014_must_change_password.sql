-- Set where someone else chose the password, or may know it: it has to be changed before it opens anything. Setting a
-- new password clears it.
ALTER TABLE users ADD COLUMN must_change_password BOOLEAN NOT NULL DEFAULT FALSE;
