-- How often the node that had claimed a job or message died with it, or lost it,
-- since its last attempt that ended. Those claims count as no attempts.
ALTER TABLE jobs ADD COLUMN lost SMALLINT UNSIGNED NOT NULL DEFAULT 0;
ALTER TABLE courier_messages ADD COLUMN lost SMALLINT UNSIGNED NOT NULL DEFAULT 0;
