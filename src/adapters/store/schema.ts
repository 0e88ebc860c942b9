/**
 * One entry a version, applied in order; `PRAGMA user_version` counts those that a file has seen. Never change an
 * entry that was released: add one.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE inbox (
    id INTEGER PRIMARY KEY,
    event TEXT NOT NULL,
    origin TEXT NOT NULL,
    accepted_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    postponed_for TEXT,
    settled_at INTEGER,
    answer TEXT,
    answered_with INTEGER
  ) STRICT;
  CREATE INDEX inbox_pending ON inbox (id) WHERE settled_at IS NULL;

  CREATE TABLE deployments (
    id INTEGER PRIMARY KEY,
    stack TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    inputs TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    outcome TEXT CHECK (outcome IN ('succeeded', 'failed', 'interrupted')),
    reason TEXT NOT NULL DEFAULT ''
  ) STRICT;
  CREATE INDEX deployments_open ON deployments (id) WHERE outcome IS NULL;

  CREATE TABLE proven (
    stack TEXT PRIMARY KEY,
    project TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    inputs TEXT NOT NULL,
    services TEXT NOT NULL,
    provider TEXT NOT NULL CHECK (provider IN ('docker-compose', 'podman-compose')),
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE failed (
    stack TEXT PRIMARY KEY,
    commit_id TEXT NOT NULL,
    inputs TEXT NOT NULL,
    reason TEXT NOT NULL,
    retry TEXT NOT NULL CHECK (retry IN ('when-changed', 'next-pass')),
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE commits (
    commit_id TEXT PRIMARY KEY,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX commits_by_age ON commits (at);

  CREATE TABLE reached (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    commit_id TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE children (
    pid INTEGER PRIMARY KEY,
    start_time INTEGER NOT NULL,
    boot TEXT NOT NULL,
    command TEXT NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE sights (
    repository TEXT NOT NULL,
    tag TEXT NOT NULL,
    digest TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    PRIMARY KEY (repository, tag, digest)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sights_by_age ON sights (last_seen);
  `,
  `
  ALTER TABLE failed ADD COLUMN words TEXT NOT NULL DEFAULT '';
  `,
  `
  ALTER TABLE failed ADD COLUMN restored TEXT NOT NULL DEFAULT 'none'
    CHECK (restored IN ('none', 'due', 'done', 'failed'));
  ALTER TABLE failed ADD COLUMN restoring TEXT NOT NULL DEFAULT '';

  CREATE TABLE asides (
    stack TEXT PRIMARY KEY,
    commit_id TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('failed', 'rolled-back', 'held')),
    reason TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE newer_deployments (
    id INTEGER PRIMARY KEY,
    stack TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    inputs TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    outcome TEXT CHECK (outcome IN ('succeeded', 'failed', 'rolled-back', 'held', 'interrupted')),
    reason TEXT NOT NULL DEFAULT ''
  ) STRICT;
  INSERT INTO newer_deployments
    SELECT id, stack, commit_id, inputs, started_at, ended_at, outcome, reason FROM deployments;
  DROP TABLE deployments;
  ALTER TABLE newer_deployments RENAME TO deployments;
  CREATE INDEX deployments_open ON deployments (id) WHERE outcome IS NULL;
  CREATE INDEX deployments_by_stack ON deployments (stack, id);
  `,
  `
  CREATE TABLE standings (
    stack TEXT PRIMARY KEY,
    project TEXT NOT NULL,
    boot TEXT NOT NULL,
    services TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE troubles (
    stack TEXT PRIMARY KEY,
    inputs TEXT NOT NULL,
    failures INTEGER NOT NULL,
    mends INTEGER NOT NULL,
    since INTEGER NOT NULL,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE tombstones (
    stack TEXT PRIMARY KEY,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE deployments ADD COLUMN cause TEXT NOT NULL DEFAULT '';
  `,
  `
  CREATE TABLE pulled_images (
    image TEXT PRIMARY KEY,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE manifests (
    id INTEGER PRIMARY KEY,
    repository TEXT NOT NULL,
    digest TEXT NOT NULL,
    content TEXT NOT NULL,
    UNIQUE (repository, digest)
  ) STRICT;
  `,
  `
  ALTER TABLE asides ADD COLUMN guidance TEXT NOT NULL DEFAULT '';
  ALTER TABLE asides ADD COLUMN hold TEXT NOT NULL DEFAULT '';
  ALTER TABLE failed ADD COLUMN guidance TEXT NOT NULL DEFAULT '';
  `,
]
