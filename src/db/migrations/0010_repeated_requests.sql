-- Requests that their senders have given an id of their own, and what they came to, for a day: a repetition gets the
-- first answer. `digest` is the SHA-256 of caller, RPC and id. Answers are encrypted.
CREATE TABLE repeated_requests (
  digest BINARY(32) NOT NULL,
  request_digest BINARY(32) NOT NULL,
  attempt BINARY(16) NOT NULL,
  identity_id BINARY(16) NULL,
  answer MEDIUMBLOB NULL,
  expires_at DATETIME(3) NOT NULL,
  PRIMARY KEY (digest),
  KEY repeated_requests_identity (identity_id),
  KEY repeated_requests_expiry (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;
