-- A message that waits is its own job. `run_at` is when it is due; a node that
-- delivers it moves that past its lease, and is its `owner`. Neither is there
-- once it was sent or given up.
ALTER TABLE courier_messages ADD COLUMN run_at DATETIME(3) NULL;
ALTER TABLE courier_messages ADD COLUMN owner BINARY(16) NULL;
ALTER TABLE courier_messages ADD KEY courier_messages_due (run_at);
