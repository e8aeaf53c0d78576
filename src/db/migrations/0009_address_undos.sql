-- Changes of addresses that who had the old one may undo, for some time. What
-- was there before is encrypted; of the secret in the message only its SHA-256.
-- `version` is that of the person after the change: an undo takes back that
-- change and all that came later.
CREATE TABLE address_undos (
  identity_id BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  token_digest BINARY(32) NOT NULL,
  version INT UNSIGNED NOT NULL,
  ciphertext MEDIUMBLOB NOT NULL,
  created_at DATETIME(3) NOT NULL,
  used_at DATETIME(3) NULL,
  expires_at DATETIME(3) NOT NULL,
  PRIMARY KEY (identity_id, id),
  KEY address_undos_expiry (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

-- An identifier or address that is nobody's any more, and that nobody else may
-- have before then: as long as its change can be undone.
ALTER TABLE identity_identifiers ADD COLUMN reserved_until DATETIME(3) NULL;
ALTER TABLE identity_addresses ADD COLUMN reserved_until DATETIME(3) NULL;
