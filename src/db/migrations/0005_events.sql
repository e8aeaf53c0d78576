-- Events of a person are chained: `position` counts them, and `digest` covers
-- what the event says and the digest of the one before (docs/events.md). Events
-- from before the chain have neither. A checkpoint stands for events that were
-- purged; it has a digest and says nothing, so it has no time either.
ALTER TABLE security_events ADD COLUMN position BIGINT NULL;
ALTER TABLE security_events ADD COLUMN digest BINARY(32) NULL;
ALTER TABLE security_events ADD COLUMN user_agent VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '';
ALTER TABLE security_events MODIFY COLUMN created_at DATETIME(3) NULL;
ALTER TABLE security_events ADD UNIQUE KEY security_events_chain (identity_id, position);

-- The place of an event among those of all people, given once it is committed:
-- NULL until then, 0 for one that is not streamed.
ALTER TABLE security_events ADD COLUMN stream_position BIGINT NULL DEFAULT 0;
ALTER TABLE security_events ADD KEY security_events_stream (stream_position, identity_id, position);

-- How far the stream of all events goes, and up to where it was purged. One row,
-- which whoever gives events their places holds.
CREATE TABLE event_stream (
  id TINYINT NOT NULL,
  last BIGINT NOT NULL,
  purged BIGINT NOT NULL,
  PRIMARY KEY (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;
INSERT INTO event_stream (id, last, purged) VALUES (1, 0, 0);

-- Receivers of events that answered 410 and get no more.
CREATE TABLE ended_receivers (
  name VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  ended_at DATETIME(3) NOT NULL,
  PRIMARY KEY (name)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;
