-- The roles that users may have. What `admin` may do is built into the program; scopes listed for it here come on top.
CREATE TABLE roles (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY
);

INSERT INTO roles (name) SELECT 'admin' UNION SELECT role FROM user_roles;

-- What each of them may do.
CREATE TABLE role_scopes (
    role  TEXT COLLATE "C" NOT NULL REFERENCES roles (name) ON DELETE CASCADE,
    scope TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (role, scope)
);

-- To find everyone who has a role that changes.
CREATE INDEX user_roles_by_role ON user_roles (role);
