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
