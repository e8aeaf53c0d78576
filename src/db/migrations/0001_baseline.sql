-- Baseline. Ids are UUIDs in BINARY(16); times are UTC with milliseconds.
-- No foreign keys across aggregates, no auto-increment, nothing that only one
-- of MySQL 8.0-9.x and MariaDB 10.6+ understands.
--
-- One person's rows can lie on one shard: their id leads the key of each table
-- that is about them. What is found otherwise is found by a digest or a ticket,
-- and uniqueness across people is that of digests. Keys by `expires_at` or
-- `created_at` serve the purge alone.

-- A person. The JSON documents make one read per request enough; the lookup
-- tables below keep them unique. `version` counts changes; `turn` counts what
-- else must come before or after a change: sign-ins and ends of sessions. Both
-- are written first, so that the row puts everything of one person in order.
CREATE TABLE identities (
  id BINARY(16) NOT NULL,
  external_id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  schema_id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state_changed_at DATETIME(3) NULL,
  traits JSON NOT NULL,
  addresses JSON NOT NULL,
  credentials JSON NOT NULL,
  metadata_public JSON NULL,
  metadata_admin JSON NULL,
  organization_id BINARY(16) NULL,
  version INT UNSIGNED NOT NULL,
  turn INT UNSIGNED NOT NULL DEFAULT 0,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

-- What a person signs in with, secret part. Never read to present an identity.
-- `version` is compared and swapped; the first one is drawn by lot, so that a
-- credential that was removed and set again is never taken for the old one.
CREATE TABLE identity_credentials (
  identity_id BINARY(16) NOT NULL,
  type VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  config JSON NOT NULL,
  version INT UNSIGNED NOT NULL,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (identity_id, type)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

-- Who owns an identifier, normalised. `digest` is the SHA-256 of type and
-- identifier with a zero byte between, whatever their length and collation.
CREATE TABLE identity_identifiers (
  identity_id BINARY(16) NOT NULL,
  digest BINARY(32) NOT NULL,
  type VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  identifier VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  PRIMARY KEY (identity_id, digest),
  UNIQUE KEY identity_identifiers_digest (digest)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

-- Who owns an address, normalised, for each purpose: verification, recovery.
-- `digest` is that of purpose, via and value, made likewise.
CREATE TABLE identity_addresses (
  identity_id BINARY(16) NOT NULL,
  digest BINARY(32) NOT NULL,
  purpose VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  via VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  value VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  PRIMARY KEY (identity_id, digest),
  UNIQUE KEY identity_addresses_digest (digest)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

-- A person being signed in on one device. Of the token only its SHA-256.
-- `salt` goes into the token that follows this one, and is new with each token.
CREATE TABLE sessions (
  identity_id BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  token_digest BINARY(32) NOT NULL,
  salt BINARY(16) NOT NULL,
  active TINYINT NOT NULL,
  methods JSON NOT NULL,
  device JSON NOT NULL,
  issued_at DATETIME(3) NOT NULL,
  authenticated_at DATETIME(3) NOT NULL,
  expires_at DATETIME(3) NOT NULL,
  PRIMARY KEY (identity_id, id),
  UNIQUE KEY sessions_token (token_digest),
  KEY sessions_identity (identity_id, issued_at),
  KEY sessions_expiry (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

-- A self-service flow of any kind. Never its nodes: those are made at each read.
-- It is at home with the person whose it is from the start, else with itself.
-- The key by id alone tells somebody else's flow from one that is not there.
CREATE TABLE flows (
  home_id BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  type VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  identity_id BINARY(16) NULL,
  state VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  active VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  request_url TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  csrf_digest BINARY(32) NULL,
  form JSON NOT NULL,
  context JSON NOT NULL,
  issued_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  expires_at DATETIME(3) NOT NULL,
  PRIMARY KEY (home_id, id),
  KEY flows_id (id),
  KEY flows_expiry (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

-- What waits for a person to come back: a protected change until they have
-- proven who they are, a way to a sign-in provider and back. One of each kind at
-- a time for a flow, at home where that is. `id` is that of the ticket, which
-- the person brings. An attempt that uses what can be used once writes its id
-- down first: no other may finish.
CREATE TABLE continuations (
  home_id BINARY(16) NOT NULL,
  flow_id BINARY(16) NOT NULL,
  kind VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  id BINARY(16) NOT NULL,
  step VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  attempt BINARY(16) NULL,
  method VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  session_id BINARY(16) NULL,
  identity_id BINARY(16) NULL,
  ciphertext MEDIUMBLOB NOT NULL,
  expires_at DATETIME(3) NOT NULL,
  PRIMARY KEY (home_id, flow_id, kind),
  UNIQUE KEY continuations_ticket (id),
  KEY continuations_expiry (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

-- An error that a browser was sent to the error page with.
CREATE TABLE flow_errors (
  id BINARY(16) NOT NULL,
  error JSON NOT NULL,
  created_at DATETIME(3) NOT NULL,
  expires_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  KEY flow_errors_expiry (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

-- How often something failed in a window of time. Buckets are digests, so that
-- no identifier and no address of a network stands here.
CREATE TABLE attempts (
  bucket BINARY(32) NOT NULL,
  failures INT UNSIGNED NOT NULL,
  expires_at DATETIME(3) NOT NULL,
  PRIMARY KEY (bucket),
  KEY attempts_expiry (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

-- What happened to a person's account, refusals included.
CREATE TABLE security_events (
  identity_id BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  session_id BINARY(16) NULL,
  type VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  outcome VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  remote_address VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  request_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  detail JSON NOT NULL,
  created_at DATETIME(3) NOT NULL,
  PRIMARY KEY (identity_id, id),
  KEY security_events_created (created_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

-- Work that outlives a request. A node that does a job moves run_at past its
-- lease: what is due and who may do it are one column. Payloads are encrypted.
CREATE TABLE jobs (
  id BINARY(16) NOT NULL,
  kind VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  order_key VARBINARY(64) NULL,
  position BIGINT NOT NULL,
  payload MEDIUMBLOB NOT NULL,
  attempts INT UNSIGNED NOT NULL,
  run_at DATETIME(3) NOT NULL,
  owner BINARY(16) NULL,
  parked_at DATETIME(3) NULL,
  last_error VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  created_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  KEY jobs_due (kind, parked_at, run_at),
  KEY jobs_order (kind, order_key, position)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

-- Nonces of ID tokens that were used. They are handed out without being written;
-- of one that was used only its SHA-256, until it would have expired.
CREATE TABLE oidc_nonces (
  digest BINARY(32) NOT NULL,
  expires_at DATETIME(3) NOT NULL,
  PRIMARY KEY (digest),
  KEY oidc_nonces_expiry (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;
