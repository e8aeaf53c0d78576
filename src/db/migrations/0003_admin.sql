-- What operators look up across all people: identifiers by their beginning.
ALTER TABLE identity_identifiers ADD KEY identity_identifiers_identifier (identifier);

-- A session by its id alone, and all sessions, newest first. It is unique so that changing one locks no other.
ALTER TABLE sessions ADD UNIQUE KEY sessions_id (id);
ALTER TABLE sessions ADD KEY sessions_issued (issued_at, id);
