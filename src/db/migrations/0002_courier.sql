-- Messages to people: mails and texts. The row stands as long as it is of use to
-- whoever looks after the server; what the message says, codes and links, is
-- encrypted while it waits, and erased once it was sent or given up. A message
-- has the id of the job that delivers it, and ids sort by time. `dispatches` are
-- the attempts to deliver it, as JSON.
CREATE TABLE courier_messages (
  id BINARY(16) NOT NULL,
  status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  channel VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  template VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  recipient VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  data MEDIUMBLOB NULL,
  send_count INT UNSIGNED NOT NULL,
  dispatches JSON NOT NULL,
  expires_at DATETIME(3) NOT NULL,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  KEY courier_messages_status (status, id),
  KEY courier_messages_recipient (recipient, id),
  KEY courier_messages_created (created_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;
