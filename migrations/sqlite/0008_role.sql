-- The roles that users may have. What `admin` may do is built into the program; scopes listed for it here come on top.
CREATE TABLE roles (
    name TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

INSERT INTO roles (name) SELECT 'admin' UNION SELECT role FROM user_roles;

-- What each of them may do.
CREATE TABLE role_scopes (
    role  TEXT NOT NULL REFERENCES roles (name) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    PRIMARY KEY (role, scope)
) STRICT, WITHOUT ROWID;

-- To find everyone who has a role that changes.
CREATE INDEX user_roles_by_role ON user_roles (role);
