-- Which run of `move-in` writes what comes from a source, so that a second one at
-- the same time is refused. `source` is the network there, `about` says who runs
-- it. A run prolongs `expires_at` while it works: after a crash the next one may
-- begin then.
CREATE TABLE move_leases (
  source BINARY(16) NOT NULL,
  owner BINARY(16) NOT NULL,
  about VARCHAR(190) NOT NULL,
  begun_at DATETIME(3) NOT NULL,
  expires_at DATETIME(3) NOT NULL,
  PRIMARY KEY (source)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;
