-- Browsers on which a person gave a second factor and asked not to be asked for
-- it there for some time. The browser has the id in a sealed cookie.
CREATE TABLE trusted_devices (
  identity_id BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  ip_address VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user_agent VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  created_at DATETIME(3) NOT NULL,
  expires_at DATETIME(3) NOT NULL,
  PRIMARY KEY (identity_id, id),
  KEY trusted_devices_expiry (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;
