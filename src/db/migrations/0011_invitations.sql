-- Identities that were made for somebody who is invited: one invitation each. The
-- address that it went to is encrypted; of the secret in the message only its SHA-256.
CREATE TABLE invitations (
  identity_id BINARY(16) NOT NULL,
  token_digest BINARY(32) NOT NULL,
  ciphertext BLOB NOT NULL,
  created_at DATETIME(3) NOT NULL,
  sent_at DATETIME(3) NOT NULL,
  expires_at DATETIME(3) NOT NULL,
  accepted_at DATETIME(3) NULL,
  PRIMARY KEY (identity_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;
