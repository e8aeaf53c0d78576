-- Nonces of ID tokens that were used. They are handed out without being written;
-- of one that was used only its SHA-256, until it would have expired.
CREATE TABLE oidc_nonces (
  digest BINARY(32) NOT NULL,
  expires_at DATETIME(3) NOT NULL,
  PRIMARY KEY (digest),
  KEY oidc_nonces_expiry (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;
