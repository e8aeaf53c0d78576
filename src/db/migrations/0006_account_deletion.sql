-- People whose account is deleted when its time has come, unless they think better of it until then. Of the link in
-- the mail only the SHA-256 of its token.
CREATE TABLE account_deletions (
  identity_id BINARY(16) NOT NULL,
  undo_digest BINARY(32) NOT NULL,
  requested_by VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  requested_at DATETIME(3) NOT NULL,
  due_at DATETIME(3) NOT NULL,
  PRIMARY KEY (identity_id),
  UNIQUE KEY account_deletions_undo (undo_digest)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

-- Whom a message or a job is about, and whom a flow that was nobody's turned out to be about: so that nothing of a
-- person is left when they go.
ALTER TABLE courier_messages ADD COLUMN identity_id BINARY(16) NULL;
ALTER TABLE courier_messages ADD KEY courier_messages_identity (identity_id);
ALTER TABLE jobs ADD COLUMN identity_id BINARY(16) NULL;
ALTER TABLE jobs ADD KEY jobs_identity (identity_id);
ALTER TABLE flows ADD COLUMN subject_id BINARY(16) NULL;
ALTER TABLE flows ADD KEY flows_subject (subject_id);
