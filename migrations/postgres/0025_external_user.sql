-- Users for whom something else vouches, such as a directory: which, and who they are there. They have no password here.
CREATE TABLE external_users (
    user_id UUID NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    backend TEXT NOT NULL,
    subject TEXT NOT NULL,
    CONSTRAINT external_users_subject UNIQUE (backend, subject)
);
