-- The row of an event says who is to get it until deliveries are queued for them (docs/events.md): `relay` is 1 until
-- then, and `receivers` has their names, separated by commas. NULL: nothing is left to do, as of all events from before.
ALTER TABLE security_events ADD COLUMN relay TINYINT NULL;
ALTER TABLE security_events ADD COLUMN receivers TEXT CHARACTER SET ascii COLLATE ascii_bin NULL;
ALTER TABLE security_events ADD KEY security_events_relay (relay, identity_id, position);
