-- Who came from another server, in which version: so that a move can be run
-- again, goes on where it was interrupted, and leaves alone who was changed or
-- deleted here since. `source` is the network there; `digest` tells the versions
-- there apart, `content` is a keyed digest of all that came; `version` and `turn`
-- are those of the person's row after it was written; `sessions` are the ids of
-- those that came, 16 bytes each. It outlives the person: who was deleted here
-- does not come back.
CREATE TABLE moved_identities (
  source BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  digest BINARY(32) NOT NULL,
  content BINARY(32) NOT NULL,
  version INT UNSIGNED NOT NULL,
  turn INT UNSIGNED NOT NULL,
  sessions MEDIUMBLOB NOT NULL,
  PRIMARY KEY (source, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;
