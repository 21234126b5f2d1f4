-- What the peers keep: as much as it takes to do with a message what Parley does with it.

CREATE TABLE users (id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE, deactivated_at TEXT);

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    secret_hash TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id),
    expires_at TEXT,
    revoked_at TEXT
);

CREATE VIEW live_sessions AS
    SELECT s.id, s.secret_hash, s.user_id, s.expires_at, u.username FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.revoked_at IS NULL AND u.deactivated_at IS NULL;

CREATE TABLE channels (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, seq INTEGER NOT NULL DEFAULT 0, archived_at TEXT
);

CREATE TABLE memberships (
    channel_id TEXT NOT NULL REFERENCES channels (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    left_at TEXT,
    PRIMARY KEY (channel_id, user_id)
);
CREATE INDEX memberships_of ON memberships (user_id);

CREATE TABLE read_cursors (
    channel_id TEXT NOT NULL, user_id TEXT NOT NULL, last_read_seq INTEGER NOT NULL, PRIMARY KEY (channel_id, user_id)
);

CREATE TABLE messages (
    id TEXT PRIMARY KEY,
    channel_id TEXT NOT NULL REFERENCES channels (id),
    seq INTEGER NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    client_msg_id TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (user_id, client_msg_id),
    UNIQUE (channel_id, seq)
);
