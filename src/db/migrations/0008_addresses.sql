-- Addresses that people want and have not proven yet. `slot` is the SHA-256 of
-- the place in the traits that they are for: one waits for each. What they are
-- is encrypted.
CREATE TABLE pending_addresses (
  identity_id BINARY(16) NOT NULL,
  slot BINARY(32) NOT NULL,
  id BINARY(16) NOT NULL,
  session_id BINARY(16) NOT NULL,
  flow_id BINARY(16) NOT NULL,
  ciphertext MEDIUMBLOB NOT NULL,
  created_at DATETIME(3) NOT NULL,
  expires_at DATETIME(3) NOT NULL,
  PRIMARY KEY (identity_id, slot),
  KEY pending_addresses_expiry (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;
