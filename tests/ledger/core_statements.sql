-- add_record, postgresql
INSERT INTO idempotency_records (owner_id, key, fingerprint, answer, created_at) VALUES ($1::VARCHAR, $2::VARCHAR, $3::VARCHAR, $4::BYTEA, $5::TIMESTAMP WITH TIME ZONE);

-- add_record, sqlite
INSERT INTO idempotency_records (owner_id, "key", fingerprint, answer, created_at) VALUES (?, ?, ?, ?, ?);

-- allot_number, postgresql
SELECT nextval('task_numbers') AS next_value_1;

-- allot_number, sqlite
UPDATE number_allotments SET last=(number_allotments.last + ?) WHERE number_allotments.name = ? RETURNING last;

-- append_task_erasure, postgresql
INSERT INTO task_versions (owner_id, revision, task_id, previous_revision, action, contract, at, title, description, completed_at, priority, due_at, due_all_day, due_time_zone, tags, position, deleted_at) SELECT tasks.owner_id, $1::BIGINT AS anon_1, tasks.id, tasks.revision, $2::VARCHAR AS anon_2, $3::VARCHAR AS anon_3, $4::TIMESTAMP WITH TIME ZONE AS anon_4, $5::VARCHAR AS anon_5, NULL AS anon_6, NULL AS anon__1, NULL AS anon__2, NULL AS anon__3, $6::BOOLEAN AS anon_7, NULL AS anon__4, $7::JSONB AS anon_8, $8::VARCHAR COLLATE "C" AS anon_9, tasks.deleted_at 
FROM tasks 
WHERE tasks.owner_id = $9::VARCHAR AND (tasks.id = ANY ($10::BIGINT[]));

-- append_task_erasure, sqlite
INSERT INTO task_versions (owner_id, revision, task_id, previous_revision, action, contract, at, title, description, completed_at, priority, due_at, due_all_day, due_time_zone, tags, position, deleted_at) SELECT tasks.owner_id, ? AS anon_1, tasks.id, tasks.revision, ? AS anon_2, ? AS anon_3, ? AS anon_4, ? AS anon_5, NULL AS anon_6, NULL AS anon__1, NULL AS anon__2, NULL AS anon__3, ? AS anon_7, NULL AS anon__4, ? AS anon_8, ? AS anon_9, tasks.deleted_at 
FROM tasks 
WHERE tasks.owner_id = ? AND (tasks.id IN (SELECT value FROM json_each(?))) = 1;

-- append_task_version, postgresql
INSERT INTO task_versions (owner_id, revision, task_id, previous_revision, action, contract, at, title, description, completed_at, priority, due_at, due_all_day, due_time_zone, tags, position, deleted_at) SELECT tasks.owner_id, tasks.revision, tasks.id, tasks.previous_revision, $1::VARCHAR AS anon_1, $2::VARCHAR AS anon_2, tasks.updated_at, tasks.title, tasks.description, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.deleted_at 
FROM tasks 
WHERE tasks.owner_id = $3::VARCHAR AND tasks.id = $4::BIGINT;

-- append_task_version, sqlite
INSERT INTO task_versions (owner_id, revision, task_id, previous_revision, action, contract, at, title, description, completed_at, priority, due_at, due_all_day, due_time_zone, tags, position, deleted_at) SELECT tasks.owner_id, tasks.revision, tasks.id, tasks.previous_revision, ? AS anon_1, ? AS anon_2, tasks.updated_at, tasks.title, tasks.description, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.deleted_at 
FROM tasks 
WHERE tasks.owner_id = ? AND tasks.id = ?;

-- blank_task_versions, postgresql
WITH RECURSIVE chain(revision, task_id, previous_revision) AS 
(SELECT task_versions.revision AS revision, task_versions.task_id AS task_id, task_versions.previous_revision AS previous_revision 
FROM task_versions JOIN tasks ON tasks.id = task_versions.task_id AND tasks.revision = task_versions.revision 
WHERE task_versions.owner_id = $5::VARCHAR AND tasks.owner_id = $5::VARCHAR AND (tasks.id = ANY ($6::BIGINT[])) UNION ALL SELECT task_versions.revision AS revision, task_versions.task_id AS task_id, task_versions.previous_revision AS previous_revision 
FROM task_versions JOIN chain ON task_versions.revision = chain.previous_revision AND task_versions.task_id = chain.task_id 
WHERE task_versions.owner_id = $5::VARCHAR)
 UPDATE task_versions SET title=$1::VARCHAR, description=NULL, completed_at=NULL, priority=NULL, due_at=NULL, due_all_day=$2::BOOLEAN, due_time_zone=NULL, tags=$3::JSONB, position=$4::VARCHAR COLLATE "C" WHERE task_versions.owner_id = $5::VARCHAR AND (task_versions.revision, task_versions.task_id) IN (SELECT chain.revision, chain.task_id 
FROM chain);

-- blank_task_versions, sqlite
WITH RECURSIVE chain(revision, task_id, previous_revision) AS 
(SELECT task_versions.revision AS revision, task_versions.task_id AS task_id, task_versions.previous_revision AS previous_revision 
FROM task_versions JOIN tasks ON tasks.id = task_versions.task_id AND tasks.revision = task_versions.revision 
WHERE task_versions.owner_id = ? AND tasks.owner_id = ? AND (tasks.id IN (SELECT value FROM json_each(?))) = 1 UNION ALL SELECT task_versions.revision AS revision, task_versions.task_id AS task_id, task_versions.previous_revision AS previous_revision 
FROM task_versions JOIN chain ON task_versions.revision = chain.previous_revision AND task_versions.task_id = chain.task_id 
WHERE task_versions.owner_id = ?)
 UPDATE task_versions SET title=?, description=NULL, completed_at=NULL, priority=NULL, due_at=NULL, due_all_day=?, due_time_zone=NULL, tags=?, position=? WHERE task_versions.owner_id = ? AND (task_versions.revision, task_versions.task_id) IN (SELECT chain.revision, chain.task_id 
FROM chain);

-- bury_tasks, postgresql
INSERT INTO tombstones (owner_id, revision, task_id, uuid, erased_at) SELECT tasks.owner_id, $1::BIGINT AS anon_1, tasks.id, tasks.uuid, $2::TIMESTAMP WITH TIME ZONE AS anon_2 
FROM tasks 
WHERE tasks.owner_id = $3::VARCHAR AND (tasks.id = ANY ($4::BIGINT[]));

-- bury_tasks, sqlite
INSERT INTO tombstones (owner_id, revision, task_id, uuid, erased_at) SELECT tasks.owner_id, ? AS anon_1, tasks.id, tasks.uuid, ? AS anon_2 
FROM tasks 
WHERE tasks.owner_id = ? AND (tasks.id IN (SELECT value FROM json_each(?))) = 1;

-- count_anew[task], postgresql
SELECT (SELECT count(*) AS count_1 
FROM tasks 
WHERE tasks.owner_id = $1::VARCHAR) AS anon_1, (SELECT coalesce(sum(200 + octet_length(task_versions.title) + coalesce(octet_length(task_versions.description), 0) + octet_length(CAST(task_versions.tags AS TEXT))), 0) AS coalesce_1 
FROM task_versions 
WHERE task_versions.owner_id = $1::VARCHAR) + (SELECT 200 * count(*) AS anon_2 
FROM tombstones 
WHERE tombstones.owner_id = $1::VARCHAR) AS history_bytes, (SELECT coalesce(sum(200 + octet_length(idempotency_records.key) + length(idempotency_records.answer)), 0) AS coalesce_2 
FROM idempotency_records 
WHERE idempotency_records.owner_id = $1::VARCHAR) AS answer_bytes;

-- count_anew[task], sqlite
SELECT (SELECT count(*) AS count_1 
FROM tasks 
WHERE tasks.owner_id = ?) AS anon_1, (SELECT coalesce(sum(200 + length(CAST(task_versions.title AS BLOB)) + coalesce(length(CAST(task_versions.description AS BLOB)), 0) + (length(CAST(task_versions.tags AS BLOB)) + max(json_array_length(task_versions.tags) - 1, 0))), 0) AS coalesce_1 
FROM task_versions 
WHERE task_versions.owner_id = ?) + (SELECT 200 * count(*) AS anon_2 
FROM tombstones 
WHERE tombstones.owner_id = ?) AS history_bytes, (SELECT coalesce(sum(200 + length(CAST(idempotency_records."key" AS BLOB)) + length(idempotency_records.answer)), 0) AS coalesce_2 
FROM idempotency_records 
WHERE idempotency_records.owner_id = ?) AS answer_bytes;

-- count_answers, postgresql
UPDATE spaces SET answer_bytes=(spaces.answer_bytes + $1::BIGINT) WHERE spaces.id = $2::VARCHAR;

-- count_answers, sqlite
UPDATE spaces SET answer_bytes=(spaces.answer_bytes + ?) WHERE spaces.id = ?;

-- count_erased_tasks, postgresql
WITH RECURSIVE chain(revision, task_id, previous_revision) AS 
(SELECT task_versions.revision AS revision, task_versions.task_id AS task_id, task_versions.previous_revision AS previous_revision 
FROM task_versions JOIN tasks ON tasks.id = task_versions.task_id AND tasks.revision = task_versions.revision 
WHERE task_versions.owner_id = $2::VARCHAR AND tasks.owner_id = $2::VARCHAR AND (tasks.id = ANY ($3::BIGINT[])) UNION ALL SELECT task_versions.revision AS revision, task_versions.task_id AS task_id, task_versions.previous_revision AS previous_revision 
FROM task_versions JOIN chain ON task_versions.revision = chain.previous_revision AND task_versions.task_id = chain.task_id 
WHERE task_versions.owner_id = $2::VARCHAR)
 UPDATE spaces SET tasks=(spaces.tasks - $1::BIGINT), history_bytes=((spaces.history_bytes - (SELECT coalesce(sum((200 + octet_length(task_versions.title) + coalesce(octet_length(task_versions.description), 0) + octet_length(CAST(task_versions.tags AS TEXT))) - (200 + 2)), 0) AS coalesce_1 
FROM task_versions 
WHERE task_versions.owner_id = $2::VARCHAR AND (task_versions.revision, task_versions.task_id) IN (SELECT chain.revision, chain.task_id 
FROM chain))) + $1::BIGINT * 200) WHERE spaces.id = $2::VARCHAR;

-- count_erased_tasks, sqlite
WITH RECURSIVE chain(revision, task_id, previous_revision) AS 
(SELECT task_versions.revision AS revision, task_versions.task_id AS task_id, task_versions.previous_revision AS previous_revision 
FROM task_versions JOIN tasks ON tasks.id = task_versions.task_id AND tasks.revision = task_versions.revision 
WHERE task_versions.owner_id = ? AND tasks.owner_id = ? AND (tasks.id IN (SELECT value FROM json_each(?))) = 1 UNION ALL SELECT task_versions.revision AS revision, task_versions.task_id AS task_id, task_versions.previous_revision AS previous_revision 
FROM task_versions JOIN chain ON task_versions.revision = chain.previous_revision AND task_versions.task_id = chain.task_id 
WHERE task_versions.owner_id = ?)
 UPDATE spaces SET tasks=(spaces.tasks - ?), history_bytes=((spaces.history_bytes - (SELECT coalesce(sum((200 + length(CAST(task_versions.title AS BLOB)) + coalesce(length(CAST(task_versions.description AS BLOB)), 0) + (length(CAST(task_versions.tags AS BLOB)) + max(json_array_length(task_versions.tags) - 1, 0))) - (200 + 2)), 0) AS coalesce_1 
FROM task_versions 
WHERE task_versions.owner_id = ? AND (task_versions.revision, task_versions.task_id) IN (SELECT chain.revision, chain.task_id 
FROM chain))) + ? * 200) WHERE spaces.id = ?;

-- count_tasks[created-desc-trashed-completed-2priorities-2texts-tags-due_before-due_after-limit-overdue,first], postgresql
SELECT spaces.revision, (SELECT count(*) AS count_1 
FROM tasks 
WHERE tasks.owner_id = $1::VARCHAR AND tasks.deleted_at IS NOT NULL AND tasks.completed_at IS NOT NULL AND (tasks.priority = $2::VARCHAR OR tasks.priority = $3::VARCHAR) AND ((strpos(tasks.title_folded, $4::VARCHAR) > 0) OR (strpos(coalesce(tasks.description_folded, $5::VARCHAR), $4::VARCHAR) > 0)) AND ((strpos(tasks.title_folded, $6::VARCHAR) > 0) OR (strpos(coalesce(tasks.description_folded, $7::VARCHAR), $6::VARCHAR) > 0)) AND (tasks.tags @> $8::JSONB) AND (tasks.due_all_day AND tasks.due_at < $9::TIMESTAMP WITH TIME ZONE OR NOT tasks.due_all_day AND tasks.due_at < $10::TIMESTAMP WITH TIME ZONE) AND tasks.due_at IS NOT NULL AND NOT (tasks.due_all_day AND tasks.due_at < $11::TIMESTAMP WITH TIME ZONE OR NOT tasks.due_all_day AND tasks.due_at < $12::TIMESTAMP WITH TIME ZONE) AND tasks.completed_at IS NULL AND (tasks.due_all_day AND tasks.due_at < $13::TIMESTAMP WITH TIME ZONE OR NOT tasks.due_all_day AND tasks.due_at < $14::TIMESTAMP WITH TIME ZONE)) AS total 
FROM spaces 
WHERE spaces.id = $1::VARCHAR;

-- count_tasks[created-desc-trashed-completed-2priorities-2texts-tags-due_before-due_after-limit-overdue,first], sqlite
SELECT spaces.revision, (SELECT count(*) AS count_1 
FROM tasks 
WHERE tasks.owner_id = ? AND tasks.deleted_at IS NOT NULL AND tasks.completed_at IS NOT NULL AND (tasks.priority = ? OR tasks.priority = ?) AND ((instr(tasks.title_folded, ?) > 0) = 1 OR (instr(coalesce(tasks.description_folded, ?), ?) > 0) = 1) AND ((instr(tasks.title_folded, ?) > 0) = 1 OR (instr(coalesce(tasks.description_folded, ?), ?) > 0) = 1) AND (NOT EXISTS (SELECT 1 FROM json_each(?) AS wanted WHERE NOT wanted.value IN (SELECT have.value FROM json_each(tasks.tags) AS have))) = 1 AND (tasks.due_all_day = 1 AND tasks.due_at < ? OR tasks.due_all_day = 0 AND tasks.due_at < ?) AND tasks.due_at IS NOT NULL AND NOT (tasks.due_all_day = 1 AND tasks.due_at < ? OR tasks.due_all_day = 0 AND tasks.due_at < ?) AND tasks.completed_at IS NULL AND (tasks.due_all_day = 1 AND tasks.due_at < ? OR tasks.due_all_day = 0 AND tasks.due_at < ?)) AS total 
FROM spaces 
WHERE spaces.id = ?;

-- counters, postgresql
SELECT spaces.tasks, spaces.history_bytes, spaces.answer_bytes 
FROM spaces 
WHERE spaces.id = $1::VARCHAR FOR NO KEY UPDATE;

-- counters, sqlite
SELECT spaces.tasks, spaces.history_bytes, spaces.answer_bytes 
FROM spaces 
WHERE spaces.id = ?;

-- create_chosen_task_alone[TaskFacts,guarded], postgresql
WITH owner_row AS 
(SELECT spaces.id AS id, spaces.revision AS revision, spaces.tasks AS tasks, spaces.history_bytes AS history_bytes 
FROM spaces 
WHERE spaces.id = $1::VARCHAR AND spaces.revision = $15::BIGINT FOR NO KEY UPDATE), 
written AS 
(INSERT INTO tasks (owner_id, uuid, title, title_folded, description, description_folded, completed_at, priority, due_at, due_all_day, due_time_zone, tags, created_at, updated_at, id, position, revision) SELECT $1::VARCHAR AS anon_1, $2::UUID AS anon_2, $3::VARCHAR AS anon_3, $4::VARCHAR COLLATE "C" AS anon_4, $5::VARCHAR AS anon_5, $6::VARCHAR AS anon_6, $7::TIMESTAMP WITH TIME ZONE AS anon_7, $8::VARCHAR AS anon_8, $9::TIMESTAMP WITH TIME ZONE AS anon_9, $10::BOOLEAN AS anon_10, $11::VARCHAR AS anon_11, $12::JSONB AS anon_12, $13::TIMESTAMP WITH TIME ZONE AS anon_13, $13::TIMESTAMP WITH TIME ZONE AS anon__1, nextval('task_numbers') AS next_value_1, lpad(to_hex(1152921504606846976::bigint + (owner_row.revision + $14::BIGINT)), 16, '0') AS anon_14, owner_row.revision + $14::BIGINT AS anon_15 
FROM owner_row 
WHERE NOT (EXISTS (SELECT tombstones.uuid 
FROM tombstones 
WHERE tombstones.owner_id = $1::VARCHAR AND tombstones.uuid = $2::UUID)) AND owner_row.tasks < $16::BIGINT AND owner_row.history_bytes < $17::BIGINT ON CONFLICT (owner_id, uuid) DO NOTHING RETURNING tasks.owner_id, tasks.id, tasks.uuid, tasks.title, tasks.title_folded, tasks.description, tasks.description_folded, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.revision, tasks.previous_revision, tasks.deleted_at), 
raised AS 
(UPDATE spaces SET revision=written.revision, tasks=(spaces.tasks + 1), history_bytes=(spaces.history_bytes + 200 + octet_length(written.title) + coalesce(octet_length(written.description), 0) + octet_length(CAST(written.tags AS TEXT))) FROM written WHERE spaces.id = $1::VARCHAR RETURNING spaces.id), 
appended AS 
(INSERT INTO task_versions (owner_id, revision, task_id, previous_revision, action, contract, at, title, description, completed_at, priority, due_at, due_all_day, due_time_zone, tags, position, deleted_at) SELECT written.owner_id AS owner_id, written.revision AS revision, written.id AS id, written.previous_revision AS previous_revision, $18::VARCHAR AS anon_16, $19::VARCHAR AS anon_17, written.updated_at AS updated_at, written.title AS title, written.description AS description, written.completed_at AS completed_at, written.priority AS priority, written.due_at AS due_at, written.due_all_day AS due_all_day, written.due_time_zone AS due_time_zone, written.tags AS tags, written.position AS position, written.deleted_at AS deleted_at 
FROM written RETURNING task_versions.task_id)
 SELECT written.id, written.uuid, written.owner_id, written.title, written.description, written.completed_at IS NOT NULL AS completed, written.completed_at, written.priority, written.due_at, written.due_all_day, written.due_time_zone, written.tags, written.position, written.created_at, written.updated_at, written.deleted_at, written.previous_revision, written.revision, written.revision AS etag 
FROM written;

-- create_task_alone[TaskFacts,guarded], postgresql
WITH raised AS 
(UPDATE spaces SET revision=(spaces.revision + $16::BIGINT), tasks=(spaces.tasks + 1), history_bytes=(spaces.history_bytes + 200 + octet_length($5::VARCHAR) + coalesce(octet_length($7::VARCHAR), 0) + octet_length(CAST($14::JSONB AS TEXT))) WHERE spaces.id = $3::VARCHAR AND spaces.tasks < $17::BIGINT AND spaces.history_bytes < $18::BIGINT AND spaces.revision = $19::BIGINT RETURNING spaces.id, spaces.revision), 
written AS 
(INSERT INTO tasks (owner_id, uuid, title, title_folded, description, description_folded, completed_at, priority, due_at, due_all_day, due_time_zone, tags, created_at, updated_at, id, position, revision) SELECT $3::VARCHAR AS anon_3, $4::UUID AS anon_4, $5::VARCHAR AS anon_5, $6::VARCHAR COLLATE "C" AS anon_6, $7::VARCHAR AS anon_7, $8::VARCHAR AS anon_8, $9::TIMESTAMP WITH TIME ZONE AS anon_9, $10::VARCHAR AS anon_10, $11::TIMESTAMP WITH TIME ZONE AS anon_11, $12::BOOLEAN AS anon_12, $13::VARCHAR AS anon_13, $14::JSONB AS anon_14, $15::TIMESTAMP WITH TIME ZONE AS anon_15, $15::TIMESTAMP WITH TIME ZONE AS anon__1, nextval('task_numbers') AS next_value_1, lpad(to_hex(1152921504606846976::bigint + (raised.revision)), 16, '0') AS anon_16, raised.revision AS revision 
FROM raised RETURNING tasks.owner_id, tasks.id, tasks.uuid, tasks.title, tasks.title_folded, tasks.description, tasks.description_folded, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.revision, tasks.previous_revision, tasks.deleted_at), 
appended AS 
(INSERT INTO task_versions (owner_id, revision, task_id, previous_revision, action, contract, at, title, description, completed_at, priority, due_at, due_all_day, due_time_zone, tags, position, deleted_at) SELECT written.owner_id AS owner_id, written.revision AS revision, written.id AS id, written.previous_revision AS previous_revision, $1::VARCHAR AS anon_1, $2::VARCHAR AS anon_2, written.updated_at AS updated_at, written.title AS title, written.description AS description, written.completed_at AS completed_at, written.priority AS priority, written.due_at AS due_at, written.due_all_day AS due_all_day, written.due_time_zone AS due_time_zone, written.tags AS tags, written.position AS position, written.deleted_at AS deleted_at 
FROM written RETURNING task_versions.task_id)
 SELECT written.id, written.uuid, written.owner_id, written.title, written.description, written.completed_at IS NOT NULL AS completed, written.completed_at, written.priority, written.due_at, written.due_all_day, written.due_time_zone, written.tags, written.position, written.created_at, written.updated_at, written.deleted_at, written.previous_revision, written.revision, written.revision AS etag 
FROM written;

-- create_task_step, postgresql
INSERT INTO tasks (owner_id, id, uuid, title, title_folded, description, description_folded, completed_at, priority, due_at, due_all_day, due_time_zone, tags, position, created_at, updated_at, revision) VALUES ($1::VARCHAR, $2::BIGINT, $3::UUID, $4::VARCHAR, $5::VARCHAR COLLATE "C", $6::VARCHAR, $7::VARCHAR, $8::TIMESTAMP WITH TIME ZONE, $9::VARCHAR, $10::TIMESTAMP WITH TIME ZONE, $11::BOOLEAN, $12::VARCHAR, $13::JSONB, $14::VARCHAR COLLATE "C", $15::TIMESTAMP WITH TIME ZONE, $15::TIMESTAMP WITH TIME ZONE, $16::BIGINT);

-- create_task_step, sqlite
INSERT INTO tasks (owner_id, id, uuid, title, title_folded, description, description_folded, completed_at, priority, due_at, due_all_day, due_time_zone, tags, position, created_at, updated_at, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- current_task[id,any,TaskFacts], postgresql
SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, tasks.id AS task_id, tasks.completed_at IS NOT NULL AS done, tasks.revision AS etag 
FROM tasks 
WHERE tasks.owner_id = $1::VARCHAR AND tasks.id = $2::BIGINT;

-- current_task[id,any,TaskFacts], sqlite
SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, tasks.id AS task_id, tasks.completed_at IS NOT NULL AS done, tasks.revision AS etag 
FROM tasks 
WHERE tasks.owner_id = ? AND tasks.id = ?;

-- current_task_state[id], postgresql
SELECT tasks.id, tasks.revision, tasks.title, tasks.description, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.deleted_at 
FROM tasks 
WHERE tasks.owner_id = $1::VARCHAR AND tasks.id = $2::BIGINT AND tasks.deleted_at IS NULL;

-- current_task_state[id], sqlite
SELECT tasks.id, tasks.revision, tasks.title, tasks.description, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.deleted_at 
FROM tasks 
WHERE tasks.owner_id = ? AND tasks.id = ? AND tasks.deleted_at IS NULL;

-- drop_old_tickets, postgresql
DELETE FROM event_tickets WHERE event_tickets.expires_at <= $1::TIMESTAMP WITH TIME ZONE RETURNING event_tickets.digest;

-- drop_old_tickets, sqlite
DELETE FROM event_tickets WHERE event_tickets.expires_at <= ? RETURNING digest;

-- drop_records, postgresql
DELETE FROM idempotency_records WHERE idempotency_records.owner_id = $1::VARCHAR AND idempotency_records.created_at <= $2::TIMESTAMP WITH TIME ZONE RETURNING 200 + octet_length(idempotency_records.key) + length(idempotency_records.answer) AS bytes;

-- drop_records, sqlite
DELETE FROM idempotency_records WHERE idempotency_records.owner_id = ? AND idempotency_records.created_at <= ? RETURNING 200 + length(CAST("key" AS BLOB)) + length(answer) AS bytes;

-- drop_tickets, postgresql
DELETE FROM event_tickets WHERE event_tickets.owner_id = $1::VARCHAR AND event_tickets.expires_at <= $2::TIMESTAMP WITH TIME ZONE;

-- drop_tickets, sqlite
DELETE FROM event_tickets WHERE event_tickets.owner_id = ? AND event_tickets.expires_at <= ?;

-- edit_task_alone[id,complete+completed_at+delete+deleted_at+description+due+due_at+first+last+position+priority+reopen+restore+tags+title,TaskFacts,at,trashed], postgresql
WITH owner_row AS 
(SELECT spaces.id AS id, spaces.revision AS revision, spaces.tasks AS tasks, spaces.history_bytes AS history_bytes 
FROM spaces 
WHERE spaces.id = $11::VARCHAR FOR NO KEY UPDATE), 
written AS 
(UPDATE tasks SET title=$1::VARCHAR, title_folded=$2::VARCHAR COLLATE "C", description=$3::VARCHAR, description_folded=$4::VARCHAR, completed_at=NULL, priority=$5::VARCHAR, due_at=$6::TIMESTAMP WITH TIME ZONE, due_all_day=CASE WHEN (tasks.due_at = $6::TIMESTAMP WITH TIME ZONE) THEN tasks.due_all_day ELSE false END, due_time_zone=CASE WHEN (tasks.due_at = $6::TIMESTAMP WITH TIME ZONE) THEN tasks.due_time_zone ELSE NULL END, tags=$7::JSONB, position=$8::VARCHAR COLLATE "C", updated_at=greatest($9::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=(owner_row.revision + $10::BIGINT), previous_revision=CASE WHEN (tasks.revision = owner_row.revision + $10::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END, deleted_at=NULL FROM owner_row WHERE tasks.owner_id = $11::VARCHAR AND tasks.id = $12::BIGINT AND (tasks.completed_at IS NULL OR tasks.completed_at IS DISTINCT FROM $13::TIMESTAMP WITH TIME ZONE OR tasks.deleted_at IS NULL OR tasks.deleted_at IS DISTINCT FROM $14::TIMESTAMP WITH TIME ZONE OR tasks.description IS DISTINCT FROM $3::VARCHAR OR tasks.due_at IS DISTINCT FROM $6::TIMESTAMP WITH TIME ZONE OR tasks.due_all_day IS DISTINCT FROM $15::BOOLEAN OR tasks.due_time_zone IS DISTINCT FROM $16::VARCHAR OR tasks.due_at IS DISTINCT FROM $6::TIMESTAMP WITH TIME ZONE OR (EXISTS (SELECT $17::INTEGER AS anon_1 
FROM tasks AS other 
WHERE other.owner_id = $11::VARCHAR AND other.deleted_at IS NULL AND (other.position, other.id) < (tasks.position, tasks.id))) OR (EXISTS (SELECT $18::INTEGER AS anon_2 
FROM tasks AS other 
WHERE other.owner_id = $11::VARCHAR AND other.deleted_at IS NULL AND (other.position, other.id) > (tasks.position, tasks.id))) OR tasks.position IS DISTINCT FROM $8::VARCHAR COLLATE "C" OR tasks.priority IS DISTINCT FROM $5::VARCHAR OR tasks.completed_at IS NOT NULL OR tasks.deleted_at IS NOT NULL OR tasks.tags IS DISTINCT FROM $7::JSONB OR tasks.title IS DISTINCT FROM $1::VARCHAR) AND tasks.revision + $19::BIGINT = $20::BIGINT AND owner_row.history_bytes < $21::BIGINT RETURNING tasks.owner_id, tasks.id, tasks.uuid, tasks.title, tasks.title_folded, tasks.description, tasks.description_folded, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.revision, tasks.previous_revision, tasks.deleted_at), 
raised AS 
(UPDATE spaces SET revision=written.revision, history_bytes=(spaces.history_bytes + 200 + octet_length(written.title) + coalesce(octet_length(written.description), 0) + octet_length(CAST(written.tags AS TEXT))) FROM written WHERE spaces.id = $11::VARCHAR RETURNING spaces.id), 
appended AS 
(INSERT INTO task_versions (owner_id, revision, task_id, previous_revision, action, contract, at, title, description, completed_at, priority, due_at, due_all_day, due_time_zone, tags, position, deleted_at) SELECT written.owner_id AS owner_id, written.revision AS revision, written.id AS id, written.previous_revision AS previous_revision, $22::VARCHAR AS anon_3, $23::VARCHAR AS anon_4, written.updated_at AS updated_at, written.title AS title, written.description AS description, written.completed_at AS completed_at, written.priority AS priority, written.due_at AS due_at, written.due_all_day AS due_all_day, written.due_time_zone AS due_time_zone, written.tags AS tags, written.position AS position, written.deleted_at AS deleted_at 
FROM written RETURNING task_versions.task_id)
 SELECT written.id, written.uuid, written.owner_id, written.title, written.description, written.completed_at IS NOT NULL AS completed, written.completed_at, written.priority, written.due_at, written.due_all_day, written.due_time_zone, written.tags, written.position, written.created_at, written.updated_at, written.deleted_at, written.previous_revision, written.revision, written.revision AS etag, $24::INTEGER AS outcome 
FROM written UNION ALL SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, tasks.revision AS revision__1, CASE WHEN (owner_row.revision = (SELECT spaces.revision 
FROM spaces 
WHERE spaces.id = $11::VARCHAR) AND owner_row.history_bytes < $21::BIGINT) THEN $25::INTEGER ELSE $26::INTEGER END AS anon_5 
FROM tasks, owner_row 
WHERE tasks.owner_id = $11::VARCHAR AND tasks.id = $12::BIGINT AND NOT (EXISTS (SELECT written.id 
FROM written));

-- edit_task_alone[id,complete,TaskFacts], postgresql
WITH owner_row AS 
(SELECT spaces.id AS id, spaces.revision AS revision, spaces.tasks AS tasks, spaces.history_bytes AS history_bytes 
FROM spaces 
WHERE spaces.id = $3::VARCHAR FOR NO KEY UPDATE), 
written AS 
(UPDATE tasks SET completed_at=coalesce(tasks.completed_at, $1::TIMESTAMP WITH TIME ZONE), updated_at=greatest($1::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=(owner_row.revision + $2::BIGINT), previous_revision=CASE WHEN (tasks.revision = owner_row.revision + $2::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END FROM owner_row WHERE tasks.owner_id = $3::VARCHAR AND tasks.id = $4::BIGINT AND tasks.deleted_at IS NULL AND tasks.completed_at IS NULL AND owner_row.history_bytes < $5::BIGINT RETURNING tasks.owner_id, tasks.id, tasks.uuid, tasks.title, tasks.title_folded, tasks.description, tasks.description_folded, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.revision, tasks.previous_revision, tasks.deleted_at), 
raised AS 
(UPDATE spaces SET revision=written.revision, history_bytes=(spaces.history_bytes + 200 + octet_length(written.title) + coalesce(octet_length(written.description), 0) + octet_length(CAST(written.tags AS TEXT))) FROM written WHERE spaces.id = $3::VARCHAR RETURNING spaces.id), 
appended AS 
(INSERT INTO task_versions (owner_id, revision, task_id, previous_revision, action, contract, at, title, description, completed_at, priority, due_at, due_all_day, due_time_zone, tags, position, deleted_at) SELECT written.owner_id AS owner_id, written.revision AS revision, written.id AS id, written.previous_revision AS previous_revision, $6::VARCHAR AS anon_1, $7::VARCHAR AS anon_2, written.updated_at AS updated_at, written.title AS title, written.description AS description, written.completed_at AS completed_at, written.priority AS priority, written.due_at AS due_at, written.due_all_day AS due_all_day, written.due_time_zone AS due_time_zone, written.tags AS tags, written.position AS position, written.deleted_at AS deleted_at 
FROM written RETURNING task_versions.task_id)
 SELECT written.id, written.uuid, written.owner_id, written.title, written.description, written.completed_at IS NOT NULL AS completed, written.completed_at, written.priority, written.due_at, written.due_all_day, written.due_time_zone, written.tags, written.position, written.created_at, written.updated_at, written.deleted_at, written.previous_revision, written.revision, written.revision AS etag, $8::INTEGER AS outcome 
FROM written UNION ALL SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, tasks.revision AS revision__1, CASE WHEN (owner_row.revision = (SELECT spaces.revision 
FROM spaces 
WHERE spaces.id = $3::VARCHAR) AND owner_row.history_bytes < $5::BIGINT) THEN $9::INTEGER ELSE $10::INTEGER END AS anon_3 
FROM tasks, owner_row 
WHERE tasks.owner_id = $3::VARCHAR AND tasks.id = $4::BIGINT AND tasks.deleted_at IS NULL AND NOT (EXISTS (SELECT written.id 
FROM written));

-- edit_task_alone[id,completed_at,TaskFacts], postgresql
WITH owner_row AS 
(SELECT spaces.id AS id, spaces.revision AS revision, spaces.tasks AS tasks, spaces.history_bytes AS history_bytes 
FROM spaces 
WHERE spaces.id = $4::VARCHAR FOR NO KEY UPDATE), 
written AS 
(UPDATE tasks SET completed_at=$1::TIMESTAMP WITH TIME ZONE, updated_at=greatest($2::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=(owner_row.revision + $3::BIGINT), previous_revision=CASE WHEN (tasks.revision = owner_row.revision + $3::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END FROM owner_row WHERE tasks.owner_id = $4::VARCHAR AND tasks.id = $5::BIGINT AND tasks.deleted_at IS NULL AND tasks.completed_at IS DISTINCT FROM $1::TIMESTAMP WITH TIME ZONE AND owner_row.history_bytes < $6::BIGINT RETURNING tasks.owner_id, tasks.id, tasks.uuid, tasks.title, tasks.title_folded, tasks.description, tasks.description_folded, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.revision, tasks.previous_revision, tasks.deleted_at), 
raised AS 
(UPDATE spaces SET revision=written.revision, history_bytes=(spaces.history_bytes + 200 + octet_length(written.title) + coalesce(octet_length(written.description), 0) + octet_length(CAST(written.tags AS TEXT))) FROM written WHERE spaces.id = $4::VARCHAR RETURNING spaces.id), 
appended AS 
(INSERT INTO task_versions (owner_id, revision, task_id, previous_revision, action, contract, at, title, description, completed_at, priority, due_at, due_all_day, due_time_zone, tags, position, deleted_at) SELECT written.owner_id AS owner_id, written.revision AS revision, written.id AS id, written.previous_revision AS previous_revision, $7::VARCHAR AS anon_1, $8::VARCHAR AS anon_2, written.updated_at AS updated_at, written.title AS title, written.description AS description, written.completed_at AS completed_at, written.priority AS priority, written.due_at AS due_at, written.due_all_day AS due_all_day, written.due_time_zone AS due_time_zone, written.tags AS tags, written.position AS position, written.deleted_at AS deleted_at 
FROM written RETURNING task_versions.task_id)
 SELECT written.id, written.uuid, written.owner_id, written.title, written.description, written.completed_at IS NOT NULL AS completed, written.completed_at, written.priority, written.due_at, written.due_all_day, written.due_time_zone, written.tags, written.position, written.created_at, written.updated_at, written.deleted_at, written.previous_revision, written.revision, written.revision AS etag, $9::INTEGER AS outcome 
FROM written UNION ALL SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, tasks.revision AS revision__1, CASE WHEN (owner_row.revision = (SELECT spaces.revision 
FROM spaces 
WHERE spaces.id = $4::VARCHAR) AND owner_row.history_bytes < $6::BIGINT) THEN $10::INTEGER ELSE $11::INTEGER END AS anon_3 
FROM tasks, owner_row 
WHERE tasks.owner_id = $4::VARCHAR AND tasks.id = $5::BIGINT AND tasks.deleted_at IS NULL AND NOT (EXISTS (SELECT written.id 
FROM written));

-- edit_task_alone[id,delete,TaskFacts], postgresql
WITH owner_row AS 
(SELECT spaces.id AS id, spaces.revision AS revision, spaces.tasks AS tasks, spaces.history_bytes AS history_bytes 
FROM spaces 
WHERE spaces.id = $3::VARCHAR FOR NO KEY UPDATE), 
written AS 
(UPDATE tasks SET updated_at=greatest($1::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=(owner_row.revision + $2::BIGINT), previous_revision=CASE WHEN (tasks.revision = owner_row.revision + $2::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END, deleted_at=$1::TIMESTAMP WITH TIME ZONE FROM owner_row WHERE tasks.owner_id = $3::VARCHAR AND tasks.id = $4::BIGINT AND tasks.deleted_at IS NULL AND tasks.deleted_at IS NULL RETURNING tasks.owner_id, tasks.id, tasks.uuid, tasks.title, tasks.title_folded, tasks.description, tasks.description_folded, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.revision, tasks.previous_revision, tasks.deleted_at), 
raised AS 
(UPDATE spaces SET revision=written.revision, history_bytes=(spaces.history_bytes + 200 + octet_length(written.title) + coalesce(octet_length(written.description), 0) + octet_length(CAST(written.tags AS TEXT))) FROM written WHERE spaces.id = $3::VARCHAR RETURNING spaces.id), 
appended AS 
(INSERT INTO task_versions (owner_id, revision, task_id, previous_revision, action, contract, at, title, description, completed_at, priority, due_at, due_all_day, due_time_zone, tags, position, deleted_at) SELECT written.owner_id AS owner_id, written.revision AS revision, written.id AS id, written.previous_revision AS previous_revision, $5::VARCHAR AS anon_1, $6::VARCHAR AS anon_2, written.updated_at AS updated_at, written.title AS title, written.description AS description, written.completed_at AS completed_at, written.priority AS priority, written.due_at AS due_at, written.due_all_day AS due_all_day, written.due_time_zone AS due_time_zone, written.tags AS tags, written.position AS position, written.deleted_at AS deleted_at 
FROM written RETURNING task_versions.task_id)
 SELECT written.id, written.uuid, written.owner_id, written.title, written.description, written.completed_at IS NOT NULL AS completed, written.completed_at, written.priority, written.due_at, written.due_all_day, written.due_time_zone, written.tags, written.position, written.created_at, written.updated_at, written.deleted_at, written.previous_revision, written.revision, written.revision AS etag, $7::INTEGER AS outcome 
FROM written UNION ALL SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, tasks.revision AS revision__1, CASE WHEN (owner_row.revision = (SELECT spaces.revision 
FROM spaces 
WHERE spaces.id = $3::VARCHAR)) THEN $8::INTEGER ELSE $9::INTEGER END AS anon_3 
FROM tasks, owner_row 
WHERE tasks.owner_id = $3::VARCHAR AND tasks.id = $4::BIGINT AND tasks.deleted_at IS NULL AND NOT (EXISTS (SELECT written.id 
FROM written));

-- edit_task_alone[id,deleted_at,TaskFacts], postgresql
WITH owner_row AS 
(SELECT spaces.id AS id, spaces.revision AS revision, spaces.tasks AS tasks, spaces.history_bytes AS history_bytes 
FROM spaces 
WHERE spaces.id = $4::VARCHAR FOR NO KEY UPDATE), 
written AS 
(UPDATE tasks SET updated_at=greatest($1::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=(owner_row.revision + $2::BIGINT), previous_revision=CASE WHEN (tasks.revision = owner_row.revision + $2::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END, deleted_at=$3::TIMESTAMP WITH TIME ZONE FROM owner_row WHERE tasks.owner_id = $4::VARCHAR AND tasks.id = $5::BIGINT AND tasks.deleted_at IS NULL AND tasks.deleted_at IS DISTINCT FROM $3::TIMESTAMP WITH TIME ZONE AND owner_row.history_bytes < $6::BIGINT RETURNING tasks.owner_id, tasks.id, tasks.uuid, tasks.title, tasks.title_folded, tasks.description, tasks.description_folded, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.revision, tasks.previous_revision, tasks.deleted_at), 
raised AS 
(UPDATE spaces SET revision=written.revision, history_bytes=(spaces.history_bytes + 200 + octet_length(written.title) + coalesce(octet_length(written.description), 0) + octet_length(CAST(written.tags AS TEXT))) FROM written WHERE spaces.id = $4::VARCHAR RETURNING spaces.id), 
appended AS 
(INSERT INTO task_versions (owner_id, revision, task_id, previous_revision, action, contract, at, title, description, completed_at, priority, due_at, due_all_day, due_time_zone, tags, position, deleted_at) SELECT written.owner_id AS owner_id, written.revision AS revision, written.id AS id, written.previous_revision AS previous_revision, $7::VARCHAR AS anon_1, $8::VARCHAR AS anon_2, written.updated_at AS updated_at, written.title AS title, written.description AS description, written.completed_at AS completed_at, written.priority AS priority, written.due_at AS due_at, written.due_all_day AS due_all_day, written.due_time_zone AS due_time_zone, written.tags AS tags, written.position AS position, written.deleted_at AS deleted_at 
FROM written RETURNING task_versions.task_id)
 SELECT written.id, written.uuid, written.owner_id, written.title, written.description, written.completed_at IS NOT NULL AS completed, written.completed_at, written.priority, written.due_at, written.due_all_day, written.due_time_zone, written.tags, written.position, written.created_at, written.updated_at, written.deleted_at, written.previous_revision, written.revision, written.revision AS etag, $9::INTEGER AS outcome 
FROM written UNION ALL SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, tasks.revision AS revision__1, CASE WHEN (owner_row.revision = (SELECT spaces.revision 
FROM spaces 
WHERE spaces.id = $4::VARCHAR) AND owner_row.history_bytes < $6::BIGINT) THEN $10::INTEGER ELSE $11::INTEGER END AS anon_3 
FROM tasks, owner_row 
WHERE tasks.owner_id = $4::VARCHAR AND tasks.id = $5::BIGINT AND tasks.deleted_at IS NULL AND NOT (EXISTS (SELECT written.id 
FROM written));

-- edit_task_alone[id,description,TaskFacts], postgresql
WITH owner_row AS 
(SELECT spaces.id AS id, spaces.revision AS revision, spaces.tasks AS tasks, spaces.history_bytes AS history_bytes 
FROM spaces 
WHERE spaces.id = $5::VARCHAR FOR NO KEY UPDATE), 
written AS 
(UPDATE tasks SET description=$1::VARCHAR, description_folded=$2::VARCHAR, updated_at=greatest($3::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=(owner_row.revision + $4::BIGINT), previous_revision=CASE WHEN (tasks.revision = owner_row.revision + $4::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END FROM owner_row WHERE tasks.owner_id = $5::VARCHAR AND tasks.id = $6::BIGINT AND tasks.deleted_at IS NULL AND tasks.description IS DISTINCT FROM $1::VARCHAR AND owner_row.history_bytes < $7::BIGINT RETURNING tasks.owner_id, tasks.id, tasks.uuid, tasks.title, tasks.title_folded, tasks.description, tasks.description_folded, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.revision, tasks.previous_revision, tasks.deleted_at), 
raised AS 
(UPDATE spaces SET revision=written.revision, history_bytes=(spaces.history_bytes + 200 + octet_length(written.title) + coalesce(octet_length(written.description), 0) + octet_length(CAST(written.tags AS TEXT))) FROM written WHERE spaces.id = $5::VARCHAR RETURNING spaces.id), 
appended AS 
(INSERT INTO task_versions (owner_id, revision, task_id, previous_revision, action, contract, at, title, description, completed_at, priority, due_at, due_all_day, due_time_zone, tags, position, deleted_at) SELECT written.owner_id AS owner_id, written.revision AS revision, written.id AS id, written.previous_revision AS previous_revision, $8::VARCHAR AS anon_1, $9::VARCHAR AS anon_2, written.updated_at AS updated_at, written.title AS title, written.description AS description, written.completed_at AS completed_at, written.priority AS priority, written.due_at AS due_at, written.due_all_day AS due_all_day, written.due_time_zone AS due_time_zone, written.tags AS tags, written.position AS position, written.deleted_at AS deleted_at 
FROM written RETURNING task_versions.task_id)
 SELECT written.id, written.uuid, written.owner_id, written.title, written.description, written.completed_at IS NOT NULL AS completed, written.completed_at, written.priority, written.due_at, written.due_all_day, written.due_time_zone, written.tags, written.position, written.created_at, written.updated_at, written.deleted_at, written.previous_revision, written.revision, written.revision AS etag, $10::INTEGER AS outcome 
FROM written UNION ALL SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, tasks.revision AS revision__1, CASE WHEN (owner_row.revision = (SELECT spaces.revision 
FROM spaces 
WHERE spaces.id = $5::VARCHAR) AND owner_row.history_bytes < $7::BIGINT) THEN $11::INTEGER ELSE $12::INTEGER END AS anon_3 
FROM tasks, owner_row 
WHERE tasks.owner_id = $5::VARCHAR AND tasks.id = $6::BIGINT AND tasks.deleted_at IS NULL AND NOT (EXISTS (SELECT written.id 
FROM written));

-- edit_task_alone[id,due,TaskFacts], postgresql
WITH owner_row AS 
(SELECT spaces.id AS id, spaces.revision AS revision, spaces.tasks AS tasks, spaces.history_bytes AS history_bytes 
FROM spaces 
WHERE spaces.id = $6::VARCHAR FOR NO KEY UPDATE), 
written AS 
(UPDATE tasks SET due_at=$1::TIMESTAMP WITH TIME ZONE, due_all_day=$2::BOOLEAN, due_time_zone=$3::VARCHAR, updated_at=greatest($4::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=(owner_row.revision + $5::BIGINT), previous_revision=CASE WHEN (tasks.revision = owner_row.revision + $5::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END FROM owner_row WHERE tasks.owner_id = $6::VARCHAR AND tasks.id = $7::BIGINT AND tasks.deleted_at IS NULL AND (tasks.due_at IS DISTINCT FROM $1::TIMESTAMP WITH TIME ZONE OR tasks.due_all_day IS DISTINCT FROM $2::BOOLEAN OR tasks.due_time_zone IS DISTINCT FROM $3::VARCHAR) AND owner_row.history_bytes < $8::BIGINT RETURNING tasks.owner_id, tasks.id, tasks.uuid, tasks.title, tasks.title_folded, tasks.description, tasks.description_folded, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.revision, tasks.previous_revision, tasks.deleted_at), 
raised AS 
(UPDATE spaces SET revision=written.revision, history_bytes=(spaces.history_bytes + 200 + octet_length(written.title) + coalesce(octet_length(written.description), 0) + octet_length(CAST(written.tags AS TEXT))) FROM written WHERE spaces.id = $6::VARCHAR RETURNING spaces.id), 
appended AS 
(INSERT INTO task_versions (owner_id, revision, task_id, previous_revision, action, contract, at, title, description, completed_at, priority, due_at, due_all_day, due_time_zone, tags, position, deleted_at) SELECT written.owner_id AS owner_id, written.revision AS revision, written.id AS id, written.previous_revision AS previous_revision, $9::VARCHAR AS anon_1, $10::VARCHAR AS anon_2, written.updated_at AS updated_at, written.title AS title, written.description AS description, written.completed_at AS completed_at, written.priority AS priority, written.due_at AS due_at, written.due_all_day AS due_all_day, written.due_time_zone AS due_time_zone, written.tags AS tags, written.position AS position, written.deleted_at AS deleted_at 
FROM written RETURNING task_versions.task_id)
 SELECT written.id, written.uuid, written.owner_id, written.title, written.description, written.completed_at IS NOT NULL AS completed, written.completed_at, written.priority, written.due_at, written.due_all_day, written.due_time_zone, written.tags, written.position, written.created_at, written.updated_at, written.deleted_at, written.previous_revision, written.revision, written.revision AS etag, $11::INTEGER AS outcome 
FROM written UNION ALL SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, tasks.revision AS revision__1, CASE WHEN (owner_row.revision = (SELECT spaces.revision 
FROM spaces 
WHERE spaces.id = $6::VARCHAR) AND owner_row.history_bytes < $8::BIGINT) THEN $12::INTEGER ELSE $13::INTEGER END AS anon_3 
FROM tasks, owner_row 
WHERE tasks.owner_id = $6::VARCHAR AND tasks.id = $7::BIGINT AND tasks.deleted_at IS NULL AND NOT (EXISTS (SELECT written.id 
FROM written));

-- edit_task_alone[id,due_at,TaskFacts], postgresql
WITH owner_row AS 
(SELECT spaces.id AS id, spaces.revision AS revision, spaces.tasks AS tasks, spaces.history_bytes AS history_bytes 
FROM spaces 
WHERE spaces.id = $4::VARCHAR FOR NO KEY UPDATE), 
written AS 
(UPDATE tasks SET due_at=$1::TIMESTAMP WITH TIME ZONE, due_all_day=CASE WHEN (tasks.due_at = $1::TIMESTAMP WITH TIME ZONE) THEN tasks.due_all_day ELSE false END, due_time_zone=CASE WHEN (tasks.due_at = $1::TIMESTAMP WITH TIME ZONE) THEN tasks.due_time_zone ELSE NULL END, updated_at=greatest($2::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=(owner_row.revision + $3::BIGINT), previous_revision=CASE WHEN (tasks.revision = owner_row.revision + $3::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END FROM owner_row WHERE tasks.owner_id = $4::VARCHAR AND tasks.id = $5::BIGINT AND tasks.deleted_at IS NULL AND tasks.due_at IS DISTINCT FROM $1::TIMESTAMP WITH TIME ZONE AND owner_row.history_bytes < $6::BIGINT RETURNING tasks.owner_id, tasks.id, tasks.uuid, tasks.title, tasks.title_folded, tasks.description, tasks.description_folded, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.revision, tasks.previous_revision, tasks.deleted_at), 
raised AS 
(UPDATE spaces SET revision=written.revision, history_bytes=(spaces.history_bytes + 200 + octet_length(written.title) + coalesce(octet_length(written.description), 0) + octet_length(CAST(written.tags AS TEXT))) FROM written WHERE spaces.id = $4::VARCHAR RETURNING spaces.id), 
appended AS 
(INSERT INTO task_versions (owner_id, revision, task_id, previous_revision, action, contract, at, title, description, completed_at, priority, due_at, due_all_day, due_time_zone, tags, position, deleted_at) SELECT written.owner_id AS owner_id, written.revision AS revision, written.id AS id, written.previous_revision AS previous_revision, $7::VARCHAR AS anon_1, $8::VARCHAR AS anon_2, written.updated_at AS updated_at, written.title AS title, written.description AS description, written.completed_at AS completed_at, written.priority AS priority, written.due_at AS due_at, written.due_all_day AS due_all_day, written.due_time_zone AS due_time_zone, written.tags AS tags, written.position AS position, written.deleted_at AS deleted_at 
FROM written RETURNING task_versions.task_id)
 SELECT written.id, written.uuid, written.owner_id, written.title, written.description, written.completed_at IS NOT NULL AS completed, written.completed_at, written.priority, written.due_at, written.due_all_day, written.due_time_zone, written.tags, written.position, written.created_at, written.updated_at, written.deleted_at, written.previous_revision, written.revision, written.revision AS etag, $9::INTEGER AS outcome 
FROM written UNION ALL SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, tasks.revision AS revision__1, CASE WHEN (owner_row.revision = (SELECT spaces.revision 
FROM spaces 
WHERE spaces.id = $4::VARCHAR) AND owner_row.history_bytes < $6::BIGINT) THEN $10::INTEGER ELSE $11::INTEGER END AS anon_3 
FROM tasks, owner_row 
WHERE tasks.owner_id = $4::VARCHAR AND tasks.id = $5::BIGINT AND tasks.deleted_at IS NULL AND NOT (EXISTS (SELECT written.id 
FROM written));

-- edit_task_alone[id,first,TaskFacts], postgresql
WITH owner_row AS 
(SELECT spaces.id AS id, spaces.revision AS revision, spaces.tasks AS tasks, spaces.history_bytes AS history_bytes 
FROM spaces 
WHERE spaces.id = $3::VARCHAR FOR NO KEY UPDATE), 
written AS 
(UPDATE tasks SET position=lpad(to_hex(1152921504606846976::bigint + (-(owner_row.revision + $1::BIGINT))), 16, '0'), updated_at=greatest($2::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=(owner_row.revision + $1::BIGINT), previous_revision=CASE WHEN (tasks.revision = owner_row.revision + $1::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END FROM owner_row WHERE tasks.owner_id = $3::VARCHAR AND tasks.id = $4::BIGINT AND tasks.deleted_at IS NULL AND (EXISTS (SELECT $5::INTEGER AS anon_1 
FROM tasks AS other 
WHERE other.owner_id = $3::VARCHAR AND other.deleted_at IS NULL AND (other.position, other.id) < (tasks.position, tasks.id))) AND owner_row.history_bytes < $6::BIGINT RETURNING tasks.owner_id, tasks.id, tasks.uuid, tasks.title, tasks.title_folded, tasks.description, tasks.description_folded, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.revision, tasks.previous_revision, tasks.deleted_at), 
raised AS 
(UPDATE spaces SET revision=written.revision, history_bytes=(spaces.history_bytes + 200 + octet_length(written.title) + coalesce(octet_length(written.description), 0) + octet_length(CAST(written.tags AS TEXT))) FROM written WHERE spaces.id = $3::VARCHAR RETURNING spaces.id), 
appended AS 
(INSERT INTO task_versions (owner_id, revision, task_id, previous_revision, action, contract, at, title, description, completed_at, priority, due_at, due_all_day, due_time_zone, tags, position, deleted_at) SELECT written.owner_id AS owner_id, written.revision AS revision, written.id AS id, written.previous_revision AS previous_revision, $7::VARCHAR AS anon_2, $8::VARCHAR AS anon_3, written.updated_at AS updated_at, written.title AS title, written.description AS description, written.completed_at AS completed_at, written.priority AS priority, written.due_at AS due_at, written.due_all_day AS due_all_day, written.due_time_zone AS due_time_zone, written.tags AS tags, written.position AS position, written.deleted_at AS deleted_at 
FROM written RETURNING task_versions.task_id)
 SELECT written.id, written.uuid, written.owner_id, written.title, written.description, written.completed_at IS NOT NULL AS completed, written.completed_at, written.priority, written.due_at, written.due_all_day, written.due_time_zone, written.tags, written.position, written.created_at, written.updated_at, written.deleted_at, written.previous_revision, written.revision, written.revision AS etag, $9::INTEGER AS outcome 
FROM written UNION ALL SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, tasks.revision AS revision__1, CASE WHEN (owner_row.revision = (SELECT spaces.revision 
FROM spaces 
WHERE spaces.id = $3::VARCHAR) AND owner_row.history_bytes < $6::BIGINT) THEN $10::INTEGER ELSE $11::INTEGER END AS anon_4 
FROM tasks, owner_row 
WHERE tasks.owner_id = $3::VARCHAR AND tasks.id = $4::BIGINT AND tasks.deleted_at IS NULL AND NOT (EXISTS (SELECT written.id 
FROM written));

-- edit_task_alone[id,last,TaskFacts], postgresql
WITH owner_row AS 
(SELECT spaces.id AS id, spaces.revision AS revision, spaces.tasks AS tasks, spaces.history_bytes AS history_bytes 
FROM spaces 
WHERE spaces.id = $3::VARCHAR FOR NO KEY UPDATE), 
written AS 
(UPDATE tasks SET position=lpad(to_hex(1152921504606846976::bigint + (owner_row.revision + $1::BIGINT)), 16, '0'), updated_at=greatest($2::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=(owner_row.revision + $1::BIGINT), previous_revision=CASE WHEN (tasks.revision = owner_row.revision + $1::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END FROM owner_row WHERE tasks.owner_id = $3::VARCHAR AND tasks.id = $4::BIGINT AND tasks.deleted_at IS NULL AND (EXISTS (SELECT $5::INTEGER AS anon_1 
FROM tasks AS other 
WHERE other.owner_id = $3::VARCHAR AND other.deleted_at IS NULL AND (other.position, other.id) > (tasks.position, tasks.id))) AND owner_row.history_bytes < $6::BIGINT RETURNING tasks.owner_id, tasks.id, tasks.uuid, tasks.title, tasks.title_folded, tasks.description, tasks.description_folded, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.revision, tasks.previous_revision, tasks.deleted_at), 
raised AS 
(UPDATE spaces SET revision=written.revision, history_bytes=(spaces.history_bytes + 200 + octet_length(written.title) + coalesce(octet_length(written.description), 0) + octet_length(CAST(written.tags AS TEXT))) FROM written WHERE spaces.id = $3::VARCHAR RETURNING spaces.id), 
appended AS 
(INSERT INTO task_versions (owner_id, revision, task_id, previous_revision, action, contract, at, title, description, completed_at, priority, due_at, due_all_day, due_time_zone, tags, position, deleted_at) SELECT written.owner_id AS owner_id, written.revision AS revision, written.id AS id, written.previous_revision AS previous_revision, $7::VARCHAR AS anon_2, $8::VARCHAR AS anon_3, written.updated_at AS updated_at, written.title AS title, written.description AS description, written.completed_at AS completed_at, written.priority AS priority, written.due_at AS due_at, written.due_all_day AS due_all_day, written.due_time_zone AS due_time_zone, written.tags AS tags, written.position AS position, written.deleted_at AS deleted_at 
FROM written RETURNING task_versions.task_id)
 SELECT written.id, written.uuid, written.owner_id, written.title, written.description, written.completed_at IS NOT NULL AS completed, written.completed_at, written.priority, written.due_at, written.due_all_day, written.due_time_zone, written.tags, written.position, written.created_at, written.updated_at, written.deleted_at, written.previous_revision, written.revision, written.revision AS etag, $9::INTEGER AS outcome 
FROM written UNION ALL SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, tasks.revision AS revision__1, CASE WHEN (owner_row.revision = (SELECT spaces.revision 
FROM spaces 
WHERE spaces.id = $3::VARCHAR) AND owner_row.history_bytes < $6::BIGINT) THEN $10::INTEGER ELSE $11::INTEGER END AS anon_4 
FROM tasks, owner_row 
WHERE tasks.owner_id = $3::VARCHAR AND tasks.id = $4::BIGINT AND tasks.deleted_at IS NULL AND NOT (EXISTS (SELECT written.id 
FROM written));

-- edit_task_alone[id,position,TaskFacts], postgresql
WITH owner_row AS 
(SELECT spaces.id AS id, spaces.revision AS revision, spaces.tasks AS tasks, spaces.history_bytes AS history_bytes 
FROM spaces 
WHERE spaces.id = $4::VARCHAR FOR NO KEY UPDATE), 
written AS 
(UPDATE tasks SET position=$1::VARCHAR COLLATE "C", updated_at=greatest($2::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=(owner_row.revision + $3::BIGINT), previous_revision=CASE WHEN (tasks.revision = owner_row.revision + $3::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END FROM owner_row WHERE tasks.owner_id = $4::VARCHAR AND tasks.id = $5::BIGINT AND tasks.deleted_at IS NULL AND tasks.position IS DISTINCT FROM $1::VARCHAR COLLATE "C" AND owner_row.history_bytes < $6::BIGINT RETURNING tasks.owner_id, tasks.id, tasks.uuid, tasks.title, tasks.title_folded, tasks.description, tasks.description_folded, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.revision, tasks.previous_revision, tasks.deleted_at), 
raised AS 
(UPDATE spaces SET revision=written.revision, history_bytes=(spaces.history_bytes + 200 + octet_length(written.title) + coalesce(octet_length(written.description), 0) + octet_length(CAST(written.tags AS TEXT))) FROM written WHERE spaces.id = $4::VARCHAR RETURNING spaces.id), 
appended AS 
(INSERT INTO task_versions (owner_id, revision, task_id, previous_revision, action, contract, at, title, description, completed_at, priority, due_at, due_all_day, due_time_zone, tags, position, deleted_at) SELECT written.owner_id AS owner_id, written.revision AS revision, written.id AS id, written.previous_revision AS previous_revision, $7::VARCHAR AS anon_1, $8::VARCHAR AS anon_2, written.updated_at AS updated_at, written.title AS title, written.description AS description, written.completed_at AS completed_at, written.priority AS priority, written.due_at AS due_at, written.due_all_day AS due_all_day, written.due_time_zone AS due_time_zone, written.tags AS tags, written.position AS position, written.deleted_at AS deleted_at 
FROM written RETURNING task_versions.task_id)
 SELECT written.id, written.uuid, written.owner_id, written.title, written.description, written.completed_at IS NOT NULL AS completed, written.completed_at, written.priority, written.due_at, written.due_all_day, written.due_time_zone, written.tags, written.position, written.created_at, written.updated_at, written.deleted_at, written.previous_revision, written.revision, written.revision AS etag, $9::INTEGER AS outcome 
FROM written UNION ALL SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, tasks.revision AS revision__1, CASE WHEN (owner_row.revision = (SELECT spaces.revision 
FROM spaces 
WHERE spaces.id = $4::VARCHAR) AND owner_row.history_bytes < $6::BIGINT) THEN $10::INTEGER ELSE $11::INTEGER END AS anon_3 
FROM tasks, owner_row 
WHERE tasks.owner_id = $4::VARCHAR AND tasks.id = $5::BIGINT AND tasks.deleted_at IS NULL AND NOT (EXISTS (SELECT written.id 
FROM written));

-- edit_task_alone[id,priority,TaskFacts], postgresql
WITH owner_row AS 
(SELECT spaces.id AS id, spaces.revision AS revision, spaces.tasks AS tasks, spaces.history_bytes AS history_bytes 
FROM spaces 
WHERE spaces.id = $4::VARCHAR FOR NO KEY UPDATE), 
written AS 
(UPDATE tasks SET priority=$1::VARCHAR, updated_at=greatest($2::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=(owner_row.revision + $3::BIGINT), previous_revision=CASE WHEN (tasks.revision = owner_row.revision + $3::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END FROM owner_row WHERE tasks.owner_id = $4::VARCHAR AND tasks.id = $5::BIGINT AND tasks.deleted_at IS NULL AND tasks.priority IS DISTINCT FROM $1::VARCHAR AND owner_row.history_bytes < $6::BIGINT RETURNING tasks.owner_id, tasks.id, tasks.uuid, tasks.title, tasks.title_folded, tasks.description, tasks.description_folded, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.revision, tasks.previous_revision, tasks.deleted_at), 
raised AS 
(UPDATE spaces SET revision=written.revision, history_bytes=(spaces.history_bytes + 200 + octet_length(written.title) + coalesce(octet_length(written.description), 0) + octet_length(CAST(written.tags AS TEXT))) FROM written WHERE spaces.id = $4::VARCHAR RETURNING spaces.id), 
appended AS 
(INSERT INTO task_versions (owner_id, revision, task_id, previous_revision, action, contract, at, title, description, completed_at, priority, due_at, due_all_day, due_time_zone, tags, position, deleted_at) SELECT written.owner_id AS owner_id, written.revision AS revision, written.id AS id, written.previous_revision AS previous_revision, $7::VARCHAR AS anon_1, $8::VARCHAR AS anon_2, written.updated_at AS updated_at, written.title AS title, written.description AS description, written.completed_at AS completed_at, written.priority AS priority, written.due_at AS due_at, written.due_all_day AS due_all_day, written.due_time_zone AS due_time_zone, written.tags AS tags, written.position AS position, written.deleted_at AS deleted_at 
FROM written RETURNING task_versions.task_id)
 SELECT written.id, written.uuid, written.owner_id, written.title, written.description, written.completed_at IS NOT NULL AS completed, written.completed_at, written.priority, written.due_at, written.due_all_day, written.due_time_zone, written.tags, written.position, written.created_at, written.updated_at, written.deleted_at, written.previous_revision, written.revision, written.revision AS etag, $9::INTEGER AS outcome 
FROM written UNION ALL SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, tasks.revision AS revision__1, CASE WHEN (owner_row.revision = (SELECT spaces.revision 
FROM spaces 
WHERE spaces.id = $4::VARCHAR) AND owner_row.history_bytes < $6::BIGINT) THEN $10::INTEGER ELSE $11::INTEGER END AS anon_3 
FROM tasks, owner_row 
WHERE tasks.owner_id = $4::VARCHAR AND tasks.id = $5::BIGINT AND tasks.deleted_at IS NULL AND NOT (EXISTS (SELECT written.id 
FROM written));

-- edit_task_alone[id,reopen,TaskFacts], postgresql
WITH owner_row AS 
(SELECT spaces.id AS id, spaces.revision AS revision, spaces.tasks AS tasks, spaces.history_bytes AS history_bytes 
FROM spaces 
WHERE spaces.id = $3::VARCHAR FOR NO KEY UPDATE), 
written AS 
(UPDATE tasks SET completed_at=NULL, updated_at=greatest($1::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=(owner_row.revision + $2::BIGINT), previous_revision=CASE WHEN (tasks.revision = owner_row.revision + $2::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END FROM owner_row WHERE tasks.owner_id = $3::VARCHAR AND tasks.id = $4::BIGINT AND tasks.deleted_at IS NULL AND tasks.completed_at IS NOT NULL AND owner_row.history_bytes < $5::BIGINT RETURNING tasks.owner_id, tasks.id, tasks.uuid, tasks.title, tasks.title_folded, tasks.description, tasks.description_folded, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.revision, tasks.previous_revision, tasks.deleted_at), 
raised AS 
(UPDATE spaces SET revision=written.revision, history_bytes=(spaces.history_bytes + 200 + octet_length(written.title) + coalesce(octet_length(written.description), 0) + octet_length(CAST(written.tags AS TEXT))) FROM written WHERE spaces.id = $3::VARCHAR RETURNING spaces.id), 
appended AS 
(INSERT INTO task_versions (owner_id, revision, task_id, previous_revision, action, contract, at, title, description, completed_at, priority, due_at, due_all_day, due_time_zone, tags, position, deleted_at) SELECT written.owner_id AS owner_id, written.revision AS revision, written.id AS id, written.previous_revision AS previous_revision, $6::VARCHAR AS anon_1, $7::VARCHAR AS anon_2, written.updated_at AS updated_at, written.title AS title, written.description AS description, written.completed_at AS completed_at, written.priority AS priority, written.due_at AS due_at, written.due_all_day AS due_all_day, written.due_time_zone AS due_time_zone, written.tags AS tags, written.position AS position, written.deleted_at AS deleted_at 
FROM written RETURNING task_versions.task_id)
 SELECT written.id, written.uuid, written.owner_id, written.title, written.description, written.completed_at IS NOT NULL AS completed, written.completed_at, written.priority, written.due_at, written.due_all_day, written.due_time_zone, written.tags, written.position, written.created_at, written.updated_at, written.deleted_at, written.previous_revision, written.revision, written.revision AS etag, $8::INTEGER AS outcome 
FROM written UNION ALL SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, tasks.revision AS revision__1, CASE WHEN (owner_row.revision = (SELECT spaces.revision 
FROM spaces 
WHERE spaces.id = $3::VARCHAR) AND owner_row.history_bytes < $5::BIGINT) THEN $9::INTEGER ELSE $10::INTEGER END AS anon_3 
FROM tasks, owner_row 
WHERE tasks.owner_id = $3::VARCHAR AND tasks.id = $4::BIGINT AND tasks.deleted_at IS NULL AND NOT (EXISTS (SELECT written.id 
FROM written));

-- edit_task_alone[id,restore,TaskFacts], postgresql
WITH owner_row AS 
(SELECT spaces.id AS id, spaces.revision AS revision, spaces.tasks AS tasks, spaces.history_bytes AS history_bytes 
FROM spaces 
WHERE spaces.id = $3::VARCHAR FOR NO KEY UPDATE), 
written AS 
(UPDATE tasks SET updated_at=greatest($1::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=(owner_row.revision + $2::BIGINT), previous_revision=CASE WHEN (tasks.revision = owner_row.revision + $2::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END, deleted_at=NULL FROM owner_row WHERE tasks.owner_id = $3::VARCHAR AND tasks.id = $4::BIGINT AND tasks.deleted_at IS NULL AND tasks.deleted_at IS NOT NULL AND owner_row.history_bytes < $5::BIGINT RETURNING tasks.owner_id, tasks.id, tasks.uuid, tasks.title, tasks.title_folded, tasks.description, tasks.description_folded, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.revision, tasks.previous_revision, tasks.deleted_at), 
raised AS 
(UPDATE spaces SET revision=written.revision, history_bytes=(spaces.history_bytes + 200 + octet_length(written.title) + coalesce(octet_length(written.description), 0) + octet_length(CAST(written.tags AS TEXT))) FROM written WHERE spaces.id = $3::VARCHAR RETURNING spaces.id), 
appended AS 
(INSERT INTO task_versions (owner_id, revision, task_id, previous_revision, action, contract, at, title, description, completed_at, priority, due_at, due_all_day, due_time_zone, tags, position, deleted_at) SELECT written.owner_id AS owner_id, written.revision AS revision, written.id AS id, written.previous_revision AS previous_revision, $6::VARCHAR AS anon_1, $7::VARCHAR AS anon_2, written.updated_at AS updated_at, written.title AS title, written.description AS description, written.completed_at AS completed_at, written.priority AS priority, written.due_at AS due_at, written.due_all_day AS due_all_day, written.due_time_zone AS due_time_zone, written.tags AS tags, written.position AS position, written.deleted_at AS deleted_at 
FROM written RETURNING task_versions.task_id)
 SELECT written.id, written.uuid, written.owner_id, written.title, written.description, written.completed_at IS NOT NULL AS completed, written.completed_at, written.priority, written.due_at, written.due_all_day, written.due_time_zone, written.tags, written.position, written.created_at, written.updated_at, written.deleted_at, written.previous_revision, written.revision, written.revision AS etag, $8::INTEGER AS outcome 
FROM written UNION ALL SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, tasks.revision AS revision__1, CASE WHEN (owner_row.revision = (SELECT spaces.revision 
FROM spaces 
WHERE spaces.id = $3::VARCHAR) AND owner_row.history_bytes < $5::BIGINT) THEN $9::INTEGER ELSE $10::INTEGER END AS anon_3 
FROM tasks, owner_row 
WHERE tasks.owner_id = $3::VARCHAR AND tasks.id = $4::BIGINT AND tasks.deleted_at IS NULL AND NOT (EXISTS (SELECT written.id 
FROM written));

-- edit_task_alone[id,tags,TaskFacts], postgresql
WITH owner_row AS 
(SELECT spaces.id AS id, spaces.revision AS revision, spaces.tasks AS tasks, spaces.history_bytes AS history_bytes 
FROM spaces 
WHERE spaces.id = $4::VARCHAR FOR NO KEY UPDATE), 
written AS 
(UPDATE tasks SET tags=$1::JSONB, updated_at=greatest($2::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=(owner_row.revision + $3::BIGINT), previous_revision=CASE WHEN (tasks.revision = owner_row.revision + $3::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END FROM owner_row WHERE tasks.owner_id = $4::VARCHAR AND tasks.id = $5::BIGINT AND tasks.deleted_at IS NULL AND tasks.tags IS DISTINCT FROM $1::JSONB AND owner_row.history_bytes < $6::BIGINT RETURNING tasks.owner_id, tasks.id, tasks.uuid, tasks.title, tasks.title_folded, tasks.description, tasks.description_folded, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.revision, tasks.previous_revision, tasks.deleted_at), 
raised AS 
(UPDATE spaces SET revision=written.revision, history_bytes=(spaces.history_bytes + 200 + octet_length(written.title) + coalesce(octet_length(written.description), 0) + octet_length(CAST(written.tags AS TEXT))) FROM written WHERE spaces.id = $4::VARCHAR RETURNING spaces.id), 
appended AS 
(INSERT INTO task_versions (owner_id, revision, task_id, previous_revision, action, contract, at, title, description, completed_at, priority, due_at, due_all_day, due_time_zone, tags, position, deleted_at) SELECT written.owner_id AS owner_id, written.revision AS revision, written.id AS id, written.previous_revision AS previous_revision, $7::VARCHAR AS anon_1, $8::VARCHAR AS anon_2, written.updated_at AS updated_at, written.title AS title, written.description AS description, written.completed_at AS completed_at, written.priority AS priority, written.due_at AS due_at, written.due_all_day AS due_all_day, written.due_time_zone AS due_time_zone, written.tags AS tags, written.position AS position, written.deleted_at AS deleted_at 
FROM written RETURNING task_versions.task_id)
 SELECT written.id, written.uuid, written.owner_id, written.title, written.description, written.completed_at IS NOT NULL AS completed, written.completed_at, written.priority, written.due_at, written.due_all_day, written.due_time_zone, written.tags, written.position, written.created_at, written.updated_at, written.deleted_at, written.previous_revision, written.revision, written.revision AS etag, $9::INTEGER AS outcome 
FROM written UNION ALL SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, tasks.revision AS revision__1, CASE WHEN (owner_row.revision = (SELECT spaces.revision 
FROM spaces 
WHERE spaces.id = $4::VARCHAR) AND owner_row.history_bytes < $6::BIGINT) THEN $10::INTEGER ELSE $11::INTEGER END AS anon_3 
FROM tasks, owner_row 
WHERE tasks.owner_id = $4::VARCHAR AND tasks.id = $5::BIGINT AND tasks.deleted_at IS NULL AND NOT (EXISTS (SELECT written.id 
FROM written));

-- edit_task_alone[id,title,TaskFacts], postgresql
WITH owner_row AS 
(SELECT spaces.id AS id, spaces.revision AS revision, spaces.tasks AS tasks, spaces.history_bytes AS history_bytes 
FROM spaces 
WHERE spaces.id = $5::VARCHAR FOR NO KEY UPDATE), 
written AS 
(UPDATE tasks SET title=$1::VARCHAR, title_folded=$2::VARCHAR COLLATE "C", updated_at=greatest($3::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=(owner_row.revision + $4::BIGINT), previous_revision=CASE WHEN (tasks.revision = owner_row.revision + $4::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END FROM owner_row WHERE tasks.owner_id = $5::VARCHAR AND tasks.id = $6::BIGINT AND tasks.deleted_at IS NULL AND tasks.title IS DISTINCT FROM $1::VARCHAR AND owner_row.history_bytes < $7::BIGINT RETURNING tasks.owner_id, tasks.id, tasks.uuid, tasks.title, tasks.title_folded, tasks.description, tasks.description_folded, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.revision, tasks.previous_revision, tasks.deleted_at), 
raised AS 
(UPDATE spaces SET revision=written.revision, history_bytes=(spaces.history_bytes + 200 + octet_length(written.title) + coalesce(octet_length(written.description), 0) + octet_length(CAST(written.tags AS TEXT))) FROM written WHERE spaces.id = $5::VARCHAR RETURNING spaces.id), 
appended AS 
(INSERT INTO task_versions (owner_id, revision, task_id, previous_revision, action, contract, at, title, description, completed_at, priority, due_at, due_all_day, due_time_zone, tags, position, deleted_at) SELECT written.owner_id AS owner_id, written.revision AS revision, written.id AS id, written.previous_revision AS previous_revision, $8::VARCHAR AS anon_1, $9::VARCHAR AS anon_2, written.updated_at AS updated_at, written.title AS title, written.description AS description, written.completed_at AS completed_at, written.priority AS priority, written.due_at AS due_at, written.due_all_day AS due_all_day, written.due_time_zone AS due_time_zone, written.tags AS tags, written.position AS position, written.deleted_at AS deleted_at 
FROM written RETURNING task_versions.task_id)
 SELECT written.id, written.uuid, written.owner_id, written.title, written.description, written.completed_at IS NOT NULL AS completed, written.completed_at, written.priority, written.due_at, written.due_all_day, written.due_time_zone, written.tags, written.position, written.created_at, written.updated_at, written.deleted_at, written.previous_revision, written.revision, written.revision AS etag, $10::INTEGER AS outcome 
FROM written UNION ALL SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, tasks.revision AS revision__1, CASE WHEN (owner_row.revision = (SELECT spaces.revision 
FROM spaces 
WHERE spaces.id = $5::VARCHAR) AND owner_row.history_bytes < $7::BIGINT) THEN $11::INTEGER ELSE $12::INTEGER END AS anon_3 
FROM tasks, owner_row 
WHERE tasks.owner_id = $5::VARCHAR AND tasks.id = $6::BIGINT AND tasks.deleted_at IS NULL AND NOT (EXISTS (SELECT written.id 
FROM written));

-- edit_task_alone[id,toggle,TaskFacts], postgresql
WITH owner_row AS 
(SELECT spaces.id AS id, spaces.revision AS revision, spaces.tasks AS tasks, spaces.history_bytes AS history_bytes 
FROM spaces 
WHERE spaces.id = $3::VARCHAR FOR NO KEY UPDATE), 
written AS 
(UPDATE tasks SET completed_at=CASE WHEN (tasks.completed_at IS NULL) THEN $1::TIMESTAMP WITH TIME ZONE ELSE NULL END, updated_at=greatest($1::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=(owner_row.revision + $2::BIGINT), previous_revision=CASE WHEN (tasks.revision = owner_row.revision + $2::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END FROM owner_row WHERE tasks.owner_id = $3::VARCHAR AND tasks.id = $4::BIGINT AND tasks.deleted_at IS NULL AND true AND owner_row.history_bytes < $5::BIGINT RETURNING tasks.owner_id, tasks.id, tasks.uuid, tasks.title, tasks.title_folded, tasks.description, tasks.description_folded, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.revision, tasks.previous_revision, tasks.deleted_at), 
raised AS 
(UPDATE spaces SET revision=written.revision, history_bytes=(spaces.history_bytes + 200 + octet_length(written.title) + coalesce(octet_length(written.description), 0) + octet_length(CAST(written.tags AS TEXT))) FROM written WHERE spaces.id = $3::VARCHAR RETURNING spaces.id), 
appended AS 
(INSERT INTO task_versions (owner_id, revision, task_id, previous_revision, action, contract, at, title, description, completed_at, priority, due_at, due_all_day, due_time_zone, tags, position, deleted_at) SELECT written.owner_id AS owner_id, written.revision AS revision, written.id AS id, written.previous_revision AS previous_revision, CASE WHEN (written.completed_at IS NULL) THEN $6::VARCHAR ELSE $7::VARCHAR END AS anon_1, $8::VARCHAR AS anon_2, written.updated_at AS updated_at, written.title AS title, written.description AS description, written.completed_at AS completed_at, written.priority AS priority, written.due_at AS due_at, written.due_all_day AS due_all_day, written.due_time_zone AS due_time_zone, written.tags AS tags, written.position AS position, written.deleted_at AS deleted_at 
FROM written RETURNING task_versions.task_id)
 SELECT written.id, written.uuid, written.owner_id, written.title, written.description, written.completed_at IS NOT NULL AS completed, written.completed_at, written.priority, written.due_at, written.due_all_day, written.due_time_zone, written.tags, written.position, written.created_at, written.updated_at, written.deleted_at, written.previous_revision, written.revision, written.revision AS etag, $9::INTEGER AS outcome 
FROM written UNION ALL SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, tasks.revision AS revision__1, CASE WHEN (owner_row.revision = (SELECT spaces.revision 
FROM spaces 
WHERE spaces.id = $3::VARCHAR) AND owner_row.history_bytes < $5::BIGINT) THEN $10::INTEGER ELSE $11::INTEGER END AS anon_3 
FROM tasks, owner_row 
WHERE tasks.owner_id = $3::VARCHAR AND tasks.id = $4::BIGINT AND tasks.deleted_at IS NULL AND NOT (EXISTS (SELECT written.id 
FROM written));

-- edit_task_step[id,complete+completed_at+delete+deleted_at+description+due+due_at+first+last+position+priority+reopen+restore+tags+title,at,trashed], postgresql
UPDATE tasks SET title=$1::VARCHAR, title_folded=$2::VARCHAR COLLATE "C", description=$3::VARCHAR, description_folded=$4::VARCHAR, completed_at=NULL, priority=$5::VARCHAR, due_at=$6::TIMESTAMP WITH TIME ZONE, due_all_day=CASE WHEN (tasks.due_at = $6::TIMESTAMP WITH TIME ZONE) THEN tasks.due_all_day ELSE false END, due_time_zone=CASE WHEN (tasks.due_at = $6::TIMESTAMP WITH TIME ZONE) THEN tasks.due_time_zone ELSE NULL END, tags=$7::JSONB, position=$8::VARCHAR COLLATE "C", updated_at=greatest($9::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=$10::BIGINT, previous_revision=CASE WHEN (tasks.revision = $10::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END, deleted_at=NULL WHERE tasks.owner_id = $11::VARCHAR AND tasks.id = $12::BIGINT AND (tasks.completed_at IS NULL OR tasks.completed_at IS DISTINCT FROM $13::TIMESTAMP WITH TIME ZONE OR tasks.deleted_at IS NULL OR tasks.deleted_at IS DISTINCT FROM $14::TIMESTAMP WITH TIME ZONE OR tasks.description IS DISTINCT FROM $3::VARCHAR OR tasks.due_at IS DISTINCT FROM $6::TIMESTAMP WITH TIME ZONE OR tasks.due_all_day IS DISTINCT FROM $15::BOOLEAN OR tasks.due_time_zone IS DISTINCT FROM $16::VARCHAR OR tasks.due_at IS DISTINCT FROM $6::TIMESTAMP WITH TIME ZONE OR (EXISTS (SELECT $17::INTEGER AS anon_1 
FROM tasks AS other 
WHERE other.owner_id = $11::VARCHAR AND other.deleted_at IS NULL AND (other.position, other.id) < (tasks.position, tasks.id))) OR (EXISTS (SELECT $18::INTEGER AS anon_2 
FROM tasks AS other 
WHERE other.owner_id = $11::VARCHAR AND other.deleted_at IS NULL AND (other.position, other.id) > (tasks.position, tasks.id))) OR tasks.position IS DISTINCT FROM $8::VARCHAR COLLATE "C" OR tasks.priority IS DISTINCT FROM $5::VARCHAR OR tasks.completed_at IS NOT NULL OR tasks.deleted_at IS NOT NULL OR tasks.tags IS DISTINCT FROM $7::JSONB OR tasks.title IS DISTINCT FROM $1::VARCHAR) AND tasks.revision + $19::BIGINT = $20::BIGINT RETURNING tasks.id;

-- edit_task_step[id,complete+completed_at+delete+deleted_at+description+due+due_at+first+last+position+priority+reopen+restore+tags+title,at,trashed], sqlite
UPDATE tasks SET title=?, title_folded=?, description=?, description_folded=?, completed_at=NULL, priority=?, due_at=?, due_all_day=CASE WHEN (tasks.due_at = ?) THEN tasks.due_all_day ELSE 0 END, due_time_zone=CASE WHEN (tasks.due_at = ?) THEN tasks.due_time_zone ELSE NULL END, tags=?, position=?, updated_at=max(?, donebook_tick(tasks.updated_at)), revision=?, previous_revision=CASE WHEN (tasks.revision = ?) THEN tasks.previous_revision ELSE tasks.revision END, deleted_at=NULL WHERE tasks.owner_id = ? AND tasks.id = ? AND (tasks.completed_at IS NULL OR tasks.completed_at IS NOT ? OR tasks.deleted_at IS NULL OR tasks.deleted_at IS NOT ? OR tasks.description IS NOT ? OR tasks.due_at IS NOT ? OR tasks.due_all_day IS NOT ? OR tasks.due_time_zone IS NOT ? OR tasks.due_at IS NOT ? OR (EXISTS (SELECT ? AS anon_1 
FROM tasks AS other 
WHERE other.owner_id = ? AND other.deleted_at IS NULL AND (other.position, other.id) < (tasks.position, tasks.id))) OR (EXISTS (SELECT ? AS anon_2 
FROM tasks AS other 
WHERE other.owner_id = ? AND other.deleted_at IS NULL AND (other.position, other.id) > (tasks.position, tasks.id))) OR tasks.position IS NOT ? OR tasks.priority IS NOT ? OR tasks.completed_at IS NOT NULL OR tasks.deleted_at IS NOT NULL OR tasks.tags IS NOT ? OR tasks.title IS NOT ?) AND tasks.revision + ? = ? RETURNING id;

-- edit_task_step[id,complete], postgresql
UPDATE tasks SET completed_at=coalesce(tasks.completed_at, $1::TIMESTAMP WITH TIME ZONE), updated_at=greatest($1::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=$2::BIGINT, previous_revision=CASE WHEN (tasks.revision = $2::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = $3::VARCHAR AND tasks.id = $4::BIGINT AND tasks.deleted_at IS NULL AND tasks.completed_at IS NULL RETURNING tasks.id;

-- edit_task_step[id,complete], sqlite
UPDATE tasks SET completed_at=coalesce(tasks.completed_at, ?), updated_at=max(?, donebook_tick(tasks.updated_at)), revision=?, previous_revision=CASE WHEN (tasks.revision = ?) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = ? AND tasks.id = ? AND tasks.deleted_at IS NULL AND tasks.completed_at IS NULL RETURNING id;

-- edit_task_step[id,completed_at], postgresql
UPDATE tasks SET completed_at=$1::TIMESTAMP WITH TIME ZONE, updated_at=greatest($2::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=$3::BIGINT, previous_revision=CASE WHEN (tasks.revision = $3::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = $4::VARCHAR AND tasks.id = $5::BIGINT AND tasks.deleted_at IS NULL AND tasks.completed_at IS DISTINCT FROM $1::TIMESTAMP WITH TIME ZONE RETURNING tasks.id;

-- edit_task_step[id,completed_at], sqlite
UPDATE tasks SET completed_at=?, updated_at=max(?, donebook_tick(tasks.updated_at)), revision=?, previous_revision=CASE WHEN (tasks.revision = ?) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = ? AND tasks.id = ? AND tasks.deleted_at IS NULL AND tasks.completed_at IS NOT ? RETURNING id;

-- edit_task_step[id,delete], postgresql
UPDATE tasks SET updated_at=greatest($1::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=$2::BIGINT, previous_revision=CASE WHEN (tasks.revision = $2::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END, deleted_at=$1::TIMESTAMP WITH TIME ZONE WHERE tasks.owner_id = $3::VARCHAR AND tasks.id = $4::BIGINT AND tasks.deleted_at IS NULL AND tasks.deleted_at IS NULL RETURNING tasks.id;

-- edit_task_step[id,delete], sqlite
UPDATE tasks SET updated_at=max(?, donebook_tick(tasks.updated_at)), revision=?, previous_revision=CASE WHEN (tasks.revision = ?) THEN tasks.previous_revision ELSE tasks.revision END, deleted_at=? WHERE tasks.owner_id = ? AND tasks.id = ? AND tasks.deleted_at IS NULL AND tasks.deleted_at IS NULL RETURNING id;

-- edit_task_step[id,deleted_at], postgresql
UPDATE tasks SET updated_at=greatest($1::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=$2::BIGINT, previous_revision=CASE WHEN (tasks.revision = $2::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END, deleted_at=$3::TIMESTAMP WITH TIME ZONE WHERE tasks.owner_id = $4::VARCHAR AND tasks.id = $5::BIGINT AND tasks.deleted_at IS NULL AND tasks.deleted_at IS DISTINCT FROM $3::TIMESTAMP WITH TIME ZONE RETURNING tasks.id;

-- edit_task_step[id,deleted_at], sqlite
UPDATE tasks SET updated_at=max(?, donebook_tick(tasks.updated_at)), revision=?, previous_revision=CASE WHEN (tasks.revision = ?) THEN tasks.previous_revision ELSE tasks.revision END, deleted_at=? WHERE tasks.owner_id = ? AND tasks.id = ? AND tasks.deleted_at IS NULL AND tasks.deleted_at IS NOT ? RETURNING id;

-- edit_task_step[id,description], postgresql
UPDATE tasks SET description=$1::VARCHAR, description_folded=$2::VARCHAR, updated_at=greatest($3::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=$4::BIGINT, previous_revision=CASE WHEN (tasks.revision = $4::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = $5::VARCHAR AND tasks.id = $6::BIGINT AND tasks.deleted_at IS NULL AND tasks.description IS DISTINCT FROM $1::VARCHAR RETURNING tasks.id;

-- edit_task_step[id,description], sqlite
UPDATE tasks SET description=?, description_folded=?, updated_at=max(?, donebook_tick(tasks.updated_at)), revision=?, previous_revision=CASE WHEN (tasks.revision = ?) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = ? AND tasks.id = ? AND tasks.deleted_at IS NULL AND tasks.description IS NOT ? RETURNING id;

-- edit_task_step[id,due], postgresql
UPDATE tasks SET due_at=$1::TIMESTAMP WITH TIME ZONE, due_all_day=$2::BOOLEAN, due_time_zone=$3::VARCHAR, updated_at=greatest($4::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=$5::BIGINT, previous_revision=CASE WHEN (tasks.revision = $5::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = $6::VARCHAR AND tasks.id = $7::BIGINT AND tasks.deleted_at IS NULL AND (tasks.due_at IS DISTINCT FROM $1::TIMESTAMP WITH TIME ZONE OR tasks.due_all_day IS DISTINCT FROM $2::BOOLEAN OR tasks.due_time_zone IS DISTINCT FROM $3::VARCHAR) RETURNING tasks.id;

-- edit_task_step[id,due], sqlite
UPDATE tasks SET due_at=?, due_all_day=?, due_time_zone=?, updated_at=max(?, donebook_tick(tasks.updated_at)), revision=?, previous_revision=CASE WHEN (tasks.revision = ?) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = ? AND tasks.id = ? AND tasks.deleted_at IS NULL AND (tasks.due_at IS NOT ? OR tasks.due_all_day IS NOT ? OR tasks.due_time_zone IS NOT ?) RETURNING id;

-- edit_task_step[id,due_at], postgresql
UPDATE tasks SET due_at=$1::TIMESTAMP WITH TIME ZONE, due_all_day=CASE WHEN (tasks.due_at = $1::TIMESTAMP WITH TIME ZONE) THEN tasks.due_all_day ELSE false END, due_time_zone=CASE WHEN (tasks.due_at = $1::TIMESTAMP WITH TIME ZONE) THEN tasks.due_time_zone ELSE NULL END, updated_at=greatest($2::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=$3::BIGINT, previous_revision=CASE WHEN (tasks.revision = $3::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = $4::VARCHAR AND tasks.id = $5::BIGINT AND tasks.deleted_at IS NULL AND tasks.due_at IS DISTINCT FROM $1::TIMESTAMP WITH TIME ZONE RETURNING tasks.id;

-- edit_task_step[id,due_at], sqlite
UPDATE tasks SET due_at=?, due_all_day=CASE WHEN (tasks.due_at = ?) THEN tasks.due_all_day ELSE 0 END, due_time_zone=CASE WHEN (tasks.due_at = ?) THEN tasks.due_time_zone ELSE NULL END, updated_at=max(?, donebook_tick(tasks.updated_at)), revision=?, previous_revision=CASE WHEN (tasks.revision = ?) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = ? AND tasks.id = ? AND tasks.deleted_at IS NULL AND tasks.due_at IS NOT ? RETURNING id;

-- edit_task_step[id,first], postgresql
UPDATE tasks SET position=lpad(to_hex(1152921504606846976::bigint + (-$1::BIGINT)), 16, '0'), updated_at=greatest($2::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=$1::BIGINT, previous_revision=CASE WHEN (tasks.revision = $1::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = $3::VARCHAR AND tasks.id = $4::BIGINT AND tasks.deleted_at IS NULL AND (EXISTS (SELECT $5::INTEGER AS anon_1 
FROM tasks AS other 
WHERE other.owner_id = $3::VARCHAR AND other.deleted_at IS NULL AND (other.position, other.id) < (tasks.position, tasks.id))) RETURNING tasks.id;

-- edit_task_step[id,first], sqlite
UPDATE tasks SET position=printf('%016x', 1152921504606846976 + (-?)), updated_at=max(?, donebook_tick(tasks.updated_at)), revision=?, previous_revision=CASE WHEN (tasks.revision = ?) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = ? AND tasks.id = ? AND tasks.deleted_at IS NULL AND (EXISTS (SELECT ? AS anon_1 
FROM tasks AS other 
WHERE other.owner_id = ? AND other.deleted_at IS NULL AND (other.position, other.id) < (tasks.position, tasks.id))) RETURNING id;

-- edit_task_step[id,last], postgresql
UPDATE tasks SET position=lpad(to_hex(1152921504606846976::bigint + ($1::BIGINT)), 16, '0'), updated_at=greatest($2::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=$1::BIGINT, previous_revision=CASE WHEN (tasks.revision = $1::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = $3::VARCHAR AND tasks.id = $4::BIGINT AND tasks.deleted_at IS NULL AND (EXISTS (SELECT $5::INTEGER AS anon_1 
FROM tasks AS other 
WHERE other.owner_id = $3::VARCHAR AND other.deleted_at IS NULL AND (other.position, other.id) > (tasks.position, tasks.id))) RETURNING tasks.id;

-- edit_task_step[id,last], sqlite
UPDATE tasks SET position=printf('%016x', 1152921504606846976 + (?)), updated_at=max(?, donebook_tick(tasks.updated_at)), revision=?, previous_revision=CASE WHEN (tasks.revision = ?) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = ? AND tasks.id = ? AND tasks.deleted_at IS NULL AND (EXISTS (SELECT ? AS anon_1 
FROM tasks AS other 
WHERE other.owner_id = ? AND other.deleted_at IS NULL AND (other.position, other.id) > (tasks.position, tasks.id))) RETURNING id;

-- edit_task_step[id,position], postgresql
UPDATE tasks SET position=$1::VARCHAR COLLATE "C", updated_at=greatest($2::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=$3::BIGINT, previous_revision=CASE WHEN (tasks.revision = $3::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = $4::VARCHAR AND tasks.id = $5::BIGINT AND tasks.deleted_at IS NULL AND tasks.position IS DISTINCT FROM $1::VARCHAR COLLATE "C" RETURNING tasks.id;

-- edit_task_step[id,position], sqlite
UPDATE tasks SET position=?, updated_at=max(?, donebook_tick(tasks.updated_at)), revision=?, previous_revision=CASE WHEN (tasks.revision = ?) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = ? AND tasks.id = ? AND tasks.deleted_at IS NULL AND tasks.position IS NOT ? RETURNING id;

-- edit_task_step[id,priority], postgresql
UPDATE tasks SET priority=$1::VARCHAR, updated_at=greatest($2::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=$3::BIGINT, previous_revision=CASE WHEN (tasks.revision = $3::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = $4::VARCHAR AND tasks.id = $5::BIGINT AND tasks.deleted_at IS NULL AND tasks.priority IS DISTINCT FROM $1::VARCHAR RETURNING tasks.id;

-- edit_task_step[id,priority], sqlite
UPDATE tasks SET priority=?, updated_at=max(?, donebook_tick(tasks.updated_at)), revision=?, previous_revision=CASE WHEN (tasks.revision = ?) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = ? AND tasks.id = ? AND tasks.deleted_at IS NULL AND tasks.priority IS NOT ? RETURNING id;

-- edit_task_step[id,reopen], postgresql
UPDATE tasks SET completed_at=NULL, updated_at=greatest($1::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=$2::BIGINT, previous_revision=CASE WHEN (tasks.revision = $2::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = $3::VARCHAR AND tasks.id = $4::BIGINT AND tasks.deleted_at IS NULL AND tasks.completed_at IS NOT NULL RETURNING tasks.id;

-- edit_task_step[id,reopen], sqlite
UPDATE tasks SET completed_at=NULL, updated_at=max(?, donebook_tick(tasks.updated_at)), revision=?, previous_revision=CASE WHEN (tasks.revision = ?) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = ? AND tasks.id = ? AND tasks.deleted_at IS NULL AND tasks.completed_at IS NOT NULL RETURNING id;

-- edit_task_step[id,restore], postgresql
UPDATE tasks SET updated_at=greatest($1::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=$2::BIGINT, previous_revision=CASE WHEN (tasks.revision = $2::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END, deleted_at=NULL WHERE tasks.owner_id = $3::VARCHAR AND tasks.id = $4::BIGINT AND tasks.deleted_at IS NULL AND tasks.deleted_at IS NOT NULL RETURNING tasks.id;

-- edit_task_step[id,restore], sqlite
UPDATE tasks SET updated_at=max(?, donebook_tick(tasks.updated_at)), revision=?, previous_revision=CASE WHEN (tasks.revision = ?) THEN tasks.previous_revision ELSE tasks.revision END, deleted_at=NULL WHERE tasks.owner_id = ? AND tasks.id = ? AND tasks.deleted_at IS NULL AND tasks.deleted_at IS NOT NULL RETURNING id;

-- edit_task_step[id,tags], postgresql
UPDATE tasks SET tags=$1::JSONB, updated_at=greatest($2::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=$3::BIGINT, previous_revision=CASE WHEN (tasks.revision = $3::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = $4::VARCHAR AND tasks.id = $5::BIGINT AND tasks.deleted_at IS NULL AND tasks.tags IS DISTINCT FROM $1::JSONB RETURNING tasks.id;

-- edit_task_step[id,tags], sqlite
UPDATE tasks SET tags=?, updated_at=max(?, donebook_tick(tasks.updated_at)), revision=?, previous_revision=CASE WHEN (tasks.revision = ?) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = ? AND tasks.id = ? AND tasks.deleted_at IS NULL AND tasks.tags IS NOT ? RETURNING id;

-- edit_task_step[id,title], postgresql
UPDATE tasks SET title=$1::VARCHAR, title_folded=$2::VARCHAR COLLATE "C", updated_at=greatest($3::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=$4::BIGINT, previous_revision=CASE WHEN (tasks.revision = $4::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = $5::VARCHAR AND tasks.id = $6::BIGINT AND tasks.deleted_at IS NULL AND tasks.title IS DISTINCT FROM $1::VARCHAR RETURNING tasks.id;

-- edit_task_step[id,title], sqlite
UPDATE tasks SET title=?, title_folded=?, updated_at=max(?, donebook_tick(tasks.updated_at)), revision=?, previous_revision=CASE WHEN (tasks.revision = ?) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = ? AND tasks.id = ? AND tasks.deleted_at IS NULL AND tasks.title IS NOT ? RETURNING id;

-- edit_task_step[id,toggle], postgresql
UPDATE tasks SET completed_at=CASE WHEN (tasks.completed_at IS NULL) THEN $1::TIMESTAMP WITH TIME ZONE ELSE NULL END, updated_at=greatest($1::TIMESTAMP WITH TIME ZONE, tasks.updated_at + interval '1 microsecond'), revision=$2::BIGINT, previous_revision=CASE WHEN (tasks.revision = $2::BIGINT) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = $3::VARCHAR AND tasks.id = $4::BIGINT AND tasks.deleted_at IS NULL AND true RETURNING tasks.id;

-- edit_task_step[id,toggle], sqlite
UPDATE tasks SET completed_at=CASE WHEN (tasks.completed_at IS NULL) THEN ? ELSE NULL END, updated_at=max(?, donebook_tick(tasks.updated_at)), revision=?, previous_revision=CASE WHEN (tasks.revision = ?) THEN tasks.previous_revision ELSE tasks.revision END WHERE tasks.owner_id = ? AND tasks.id = ? AND tasks.deleted_at IS NULL AND 1 = 1 RETURNING id;

-- erase_tasks, postgresql
DELETE FROM tasks WHERE tasks.owner_id = $1::VARCHAR AND (tasks.id = ANY ($2::BIGINT[]));

-- erase_tasks, sqlite
DELETE FROM tasks WHERE tasks.owner_id = ? AND (tasks.id IN (SELECT value FROM json_each(?))) = 1;

-- find_record, postgresql
SELECT idempotency_records.fingerprint, idempotency_records.answer, idempotency_records.created_at 
FROM idempotency_records 
WHERE idempotency_records.owner_id = $1::VARCHAR AND idempotency_records.key = $2::VARCHAR;

-- find_record, sqlite
SELECT idempotency_records.fingerprint, idempotency_records.answer, idempotency_records.created_at 
FROM idempotency_records 
WHERE idempotency_records.owner_id = ? AND idempotency_records."key" = ?;

-- find_trashed_task[id,TaskFacts], postgresql
SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, tasks.id AS number, tasks.revision AS etag 
FROM tasks 
WHERE tasks.owner_id = $1::VARCHAR AND tasks.id = $2::BIGINT AND tasks.deleted_at IS NOT NULL;

-- find_trashed_task[id,TaskFacts], sqlite
SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, tasks.id AS number, tasks.revision AS etag 
FROM tasks 
WHERE tasks.owner_id = ? AND tasks.id = ? AND tasks.deleted_at IS NOT NULL;

-- floors, postgresql
SELECT spaces.revision, spaces.history_floor, spaces.history_bytes 
FROM spaces 
WHERE spaces.id = $1::VARCHAR FOR NO KEY UPDATE;

-- floors, sqlite
SELECT spaces.revision, spaces.history_floor, spaces.history_bytes 
FROM spaces 
WHERE spaces.id = ?;

-- followable, postgresql
SELECT spaces.revision, spaces.floor > $1::BIGINT OR spaces.history_floor > $1::BIGINT AS anon_1 
FROM spaces 
WHERE spaces.id = $2::VARCHAR;

-- followable, sqlite
SELECT spaces.revision, spaces.floor > ? OR spaces.history_floor > ? AS anon_1 
FROM spaces 
WHERE spaces.id = ?;

-- forget_buried, postgresql
DELETE FROM tombstones WHERE tombstones.owner_id = $1::VARCHAR AND tombstones.revision <= $2::BIGINT RETURNING tombstones.revision;

-- forget_buried, sqlite
DELETE FROM tombstones WHERE tombstones.owner_id = ? AND tombstones.revision <= ? RETURNING revision;

-- forget_history, postgresql
UPDATE spaces SET floor=CASE WHEN (spaces.floor < $1::BIGINT) THEN $1::BIGINT ELSE spaces.floor END, history_floor=$2::BIGINT, history_bytes=(spaces.history_bytes - $3::BIGINT) WHERE spaces.id = $4::VARCHAR;

-- forget_history, sqlite
UPDATE spaces SET floor=CASE WHEN (spaces.floor < ?) THEN ? ELSE spaces.floor END, history_floor=?, history_bytes=(spaces.history_bytes - ?) WHERE spaces.id = ?;

-- forget_tombstones, postgresql
DELETE FROM tombstones WHERE tombstones.owner_id = $1::VARCHAR AND tombstones.erased_at < $2::TIMESTAMP WITH TIME ZONE RETURNING tombstones.revision;

-- forget_tombstones, sqlite
DELETE FROM tombstones WHERE tombstones.owner_id = ? AND tombstones.erased_at < ? RETURNING revision;

-- get_task[id,any,TaskFacts], postgresql
SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, tasks.revision AS etag 
FROM tasks 
WHERE tasks.owner_id = $1::VARCHAR AND tasks.id = $2::BIGINT;

-- get_task[id,any,TaskFacts], sqlite
SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, tasks.revision AS etag 
FROM tasks 
WHERE tasks.owner_id = ? AND tasks.id = ?;

-- is_task_erased, postgresql
SELECT tombstones.revision 
FROM tombstones 
WHERE tombstones.owner_id = $1::VARCHAR AND tombstones.uuid = $2::UUID;

-- is_task_erased, sqlite
SELECT tombstones.revision 
FROM tombstones 
WHERE tombstones.owner_id = ? AND tombstones.uuid = ?;

-- issue_ticket, postgresql
INSERT INTO event_tickets (digest, owner_id, token_id, token_issued_at, token_expires_at, expires_at) SELECT $1::VARCHAR AS anon_1, users.id, $2::VARCHAR AS anon_2, $3::TIMESTAMP WITH TIME ZONE AS anon_3, $4::TIMESTAMP WITH TIME ZONE AS anon_4, $5::TIMESTAMP WITH TIME ZONE AS anon_5 
FROM users 
WHERE users.id = $6::VARCHAR RETURNING event_tickets.digest;

-- issue_ticket, sqlite
INSERT INTO event_tickets (digest, owner_id, token_id, token_issued_at, token_expires_at, expires_at) SELECT ? AS anon_1, users.id, ? AS anon_2, ? AS anon_3, ? AS anon_4, ? AS anon_5 
FROM users 
WHERE users.id = ? RETURNING digest;

-- largest_spaces, postgresql
SELECT spaces.id, spaces.tasks, spaces.history_bytes, spaces.answer_bytes 
FROM spaces ORDER BY spaces.history_bytes + spaces.answer_bytes DESC, spaces.id 
 LIMIT $1::BIGINT;

-- largest_spaces, sqlite
SELECT spaces.id, spaces.tasks, spaces.history_bytes, spaces.answer_bytes 
FROM spaces ORDER BY spaces.history_bytes + spaces.answer_bytes DESC, spaces.id
 LIMIT ? OFFSET ?;

-- list_tasks[created-desc-trashed-completed-2priorities-2texts-tags-due_before-due_after-limit-overdue,TaskFacts], postgresql
SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, (SELECT count(*) AS count_1 
FROM tasks 
WHERE tasks.owner_id = $1::VARCHAR AND tasks.deleted_at IS NOT NULL AND tasks.completed_at IS NOT NULL AND (tasks.priority = $2::VARCHAR OR tasks.priority = $3::VARCHAR) AND ((strpos(tasks.title_folded, $4::VARCHAR) > 0) OR (strpos(coalesce(tasks.description_folded, $5::VARCHAR), $4::VARCHAR) > 0)) AND ((strpos(tasks.title_folded, $6::VARCHAR) > 0) OR (strpos(coalesce(tasks.description_folded, $7::VARCHAR), $6::VARCHAR) > 0)) AND (tasks.tags @> $8::JSONB) AND (tasks.due_all_day AND tasks.due_at < $9::TIMESTAMP WITH TIME ZONE OR NOT tasks.due_all_day AND tasks.due_at < $10::TIMESTAMP WITH TIME ZONE) AND tasks.due_at IS NOT NULL AND NOT (tasks.due_all_day AND tasks.due_at < $11::TIMESTAMP WITH TIME ZONE OR NOT tasks.due_all_day AND tasks.due_at < $12::TIMESTAMP WITH TIME ZONE) AND tasks.completed_at IS NULL AND (tasks.due_all_day AND tasks.due_at < $13::TIMESTAMP WITH TIME ZONE OR NOT tasks.due_all_day AND tasks.due_at < $14::TIMESTAMP WITH TIME ZONE)) AS total, (SELECT spaces.revision 
FROM spaces 
WHERE spaces.id = $1::VARCHAR) AS etag 
FROM tasks 
WHERE tasks.owner_id = $1::VARCHAR AND tasks.deleted_at IS NOT NULL AND tasks.completed_at IS NOT NULL AND (tasks.priority = $2::VARCHAR OR tasks.priority = $3::VARCHAR) AND ((strpos(tasks.title_folded, $4::VARCHAR) > 0) OR (strpos(coalesce(tasks.description_folded, $5::VARCHAR), $4::VARCHAR) > 0)) AND ((strpos(tasks.title_folded, $6::VARCHAR) > 0) OR (strpos(coalesce(tasks.description_folded, $7::VARCHAR), $6::VARCHAR) > 0)) AND (tasks.tags @> $8::JSONB) AND (tasks.due_all_day AND tasks.due_at < $9::TIMESTAMP WITH TIME ZONE OR NOT tasks.due_all_day AND tasks.due_at < $10::TIMESTAMP WITH TIME ZONE) AND tasks.due_at IS NOT NULL AND NOT (tasks.due_all_day AND tasks.due_at < $11::TIMESTAMP WITH TIME ZONE OR NOT tasks.due_all_day AND tasks.due_at < $12::TIMESTAMP WITH TIME ZONE) AND tasks.completed_at IS NULL AND (tasks.due_all_day AND tasks.due_at < $13::TIMESTAMP WITH TIME ZONE OR NOT tasks.due_all_day AND tasks.due_at < $14::TIMESTAMP WITH TIME ZONE) ORDER BY tasks.id DESC 
 LIMIT $15::BIGINT OFFSET $16::BIGINT;

-- list_tasks[created-desc-trashed-completed-2priorities-2texts-tags-due_before-due_after-limit-overdue,TaskFacts], sqlite
SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, (SELECT count(*) AS count_1 
FROM tasks 
WHERE tasks.owner_id = ? AND tasks.deleted_at IS NOT NULL AND tasks.completed_at IS NOT NULL AND (tasks.priority = ? OR tasks.priority = ?) AND ((instr(tasks.title_folded, ?) > 0) = 1 OR (instr(coalesce(tasks.description_folded, ?), ?) > 0) = 1) AND ((instr(tasks.title_folded, ?) > 0) = 1 OR (instr(coalesce(tasks.description_folded, ?), ?) > 0) = 1) AND (NOT EXISTS (SELECT 1 FROM json_each(?) AS wanted WHERE NOT wanted.value IN (SELECT have.value FROM json_each(tasks.tags) AS have))) = 1 AND (tasks.due_all_day = 1 AND tasks.due_at < ? OR tasks.due_all_day = 0 AND tasks.due_at < ?) AND tasks.due_at IS NOT NULL AND NOT (tasks.due_all_day = 1 AND tasks.due_at < ? OR tasks.due_all_day = 0 AND tasks.due_at < ?) AND tasks.completed_at IS NULL AND (tasks.due_all_day = 1 AND tasks.due_at < ? OR tasks.due_all_day = 0 AND tasks.due_at < ?)) AS total, (SELECT spaces.revision 
FROM spaces 
WHERE spaces.id = ?) AS etag 
FROM tasks 
WHERE tasks.owner_id = ? AND tasks.deleted_at IS NOT NULL AND tasks.completed_at IS NOT NULL AND (tasks.priority = ? OR tasks.priority = ?) AND ((instr(tasks.title_folded, ?) > 0) = 1 OR (instr(coalesce(tasks.description_folded, ?), ?) > 0) = 1) AND ((instr(tasks.title_folded, ?) > 0) = 1 OR (instr(coalesce(tasks.description_folded, ?), ?) > 0) = 1) AND (NOT EXISTS (SELECT 1 FROM json_each(?) AS wanted WHERE NOT wanted.value IN (SELECT have.value FROM json_each(tasks.tags) AS have))) = 1 AND (tasks.due_all_day = 1 AND tasks.due_at < ? OR tasks.due_all_day = 0 AND tasks.due_at < ?) AND tasks.due_at IS NOT NULL AND NOT (tasks.due_all_day = 1 AND tasks.due_at < ? OR tasks.due_all_day = 0 AND tasks.due_at < ?) AND tasks.completed_at IS NULL AND (tasks.due_all_day = 1 AND tasks.due_at < ? OR tasks.due_all_day = 0 AND tasks.due_at < ?) ORDER BY tasks.id DESC
 LIMIT ? OFFSET ?;

-- lock_owner, postgresql
SELECT spaces.revision, spaces.floor, spaces.tasks, spaces.history_bytes, spaces.answer_bytes 
FROM spaces 
WHERE spaces.id = $1::VARCHAR FOR NO KEY UPDATE;

-- lock_owner, sqlite
SELECT spaces.revision, spaces.floor, spaces.tasks, spaces.history_bytes, spaces.answer_bytes 
FROM spaces 
WHERE spaces.id = ?;

-- lower_history, postgresql
UPDATE spaces SET history_bytes=(spaces.history_bytes - $1::BIGINT) WHERE spaces.id = $2::VARCHAR;

-- lower_history, sqlite
UPDATE spaces SET history_bytes=(spaces.history_bytes - ?) WHERE spaces.id = ?;

-- move_mark, postgresql
INSERT INTO maintenance_marks (name, at) VALUES ($1::VARCHAR, $2::TIMESTAMP WITH TIME ZONE) ON CONFLICT (name) DO UPDATE SET at = $2::TIMESTAMP WITH TIME ZONE WHERE maintenance_marks.at <= $3::TIMESTAMP WITH TIME ZONE RETURNING maintenance_marks.name;

-- move_mark, sqlite
INSERT INTO maintenance_marks (name, at) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET at = ? WHERE maintenance_marks.at <= ? RETURNING name;

-- neighbours_of_task[before], postgresql
SELECT tasks.position, tasks.id 
FROM tasks 
WHERE tasks.owner_id = $1::VARCHAR AND tasks.deleted_at IS NULL AND (tasks.position, tasks.id) < ($2::VARCHAR COLLATE "C", $3::BIGINT) AND tasks.id != $4::BIGINT ORDER BY tasks.position DESC, tasks.id DESC 
 LIMIT $5::BIGINT;

-- neighbours_of_task[before], sqlite
SELECT tasks.position, tasks.id 
FROM tasks 
WHERE tasks.owner_id = ? AND tasks.deleted_at IS NULL AND (tasks.position, tasks.id) < (?, ?) AND tasks.id != ? ORDER BY tasks.position DESC, tasks.id DESC
 LIMIT ? OFFSET ?;

-- newest_task_version_before, postgresql
SELECT max(task_versions.revision) AS max_1 
FROM task_versions 
WHERE task_versions.owner_id = $1::VARCHAR AND task_versions.revision > $2::BIGINT AND task_versions.at < $3::TIMESTAMP WITH TIME ZONE;

-- newest_task_version_before, sqlite
SELECT max(task_versions.revision) AS max_1 
FROM task_versions 
WHERE task_versions.owner_id = ? AND task_versions.revision > ? AND task_versions.at < ?;

-- number_of_task[id], postgresql
SELECT tasks.id 
FROM tasks 
WHERE tasks.owner_id = $1::VARCHAR AND tasks.id = $2::BIGINT;

-- number_of_task[id], sqlite
SELECT tasks.id 
FROM tasks 
WHERE tasks.owner_id = ? AND tasks.id = ?;

-- oldest_task_versions, postgresql
SELECT task_versions.revision, 200 + octet_length(task_versions.title) + coalesce(octet_length(task_versions.description), 0) + octet_length(CAST(task_versions.tags AS TEXT)) AS bytes 
FROM task_versions 
WHERE task_versions.owner_id = $1::VARCHAR AND task_versions.revision > $2::BIGINT ORDER BY task_versions.revision 
 LIMIT $3::BIGINT;

-- oldest_task_versions, sqlite
SELECT task_versions.revision, 200 + length(CAST(task_versions.title AS BLOB)) + coalesce(length(CAST(task_versions.description AS BLOB)), 0) + (length(CAST(task_versions.tags AS BLOB)) + max(json_array_length(task_versions.tags) - 1, 0)) AS bytes 
FROM task_versions 
WHERE task_versions.owner_id = ? AND task_versions.revision > ? ORDER BY task_versions.revision
 LIMIT ? OFFSET ?;

-- only_deleted[task], postgresql
SELECT spaces.revision > $1::BIGINT AND spaces.tasks <= $2::BIGINT AND NOT (EXISTS (SELECT * 
FROM task_versions 
WHERE task_versions.owner_id = $3::VARCHAR AND task_versions.revision > $1::BIGINT AND task_versions.action != $4::VARCHAR)) AS anon_1 
FROM spaces 
WHERE spaces.id = $3::VARCHAR;

-- only_deleted[task], sqlite
SELECT spaces.revision > ? AND spaces.tasks <= ? AND NOT (EXISTS (SELECT * 
FROM task_versions 
WHERE task_versions.owner_id = ? AND task_versions.revision > ? AND task_versions.action != ?)) AS anon_1 
FROM spaces 
WHERE spaces.id = ?;

-- owner_revision, postgresql
SELECT spaces.revision 
FROM spaces 
WHERE spaces.id = $1::VARCHAR;

-- owner_revision, sqlite
SELECT spaces.revision 
FROM spaces 
WHERE spaces.id = ?;

-- owner_revisions, postgresql
SELECT spaces.id, spaces.revision 
FROM spaces 
WHERE spaces.id = ANY ($1::TEXT[]);

-- owner_revisions, sqlite
SELECT spaces.id, spaces.revision 
FROM spaces 
WHERE spaces.id IN (SELECT anon_1.value 
FROM json_each(?) AS anon_1);

-- owners_with_old_records, postgresql
SELECT DISTINCT idempotency_records.owner_id 
FROM idempotency_records 
WHERE idempotency_records.created_at < $1::TIMESTAMP WITH TIME ZONE 
 LIMIT $2::BIGINT;

-- owners_with_old_records, sqlite
SELECT DISTINCT idempotency_records.owner_id 
FROM idempotency_records 
WHERE idempotency_records.created_at < ?
 LIMIT ? OFFSET ?;

-- owners_with_old_task_history, postgresql
SELECT spaces.id 
FROM spaces 
WHERE spaces.id > $1::VARCHAR AND (SELECT task_versions.at 
FROM task_versions 
WHERE task_versions.owner_id = spaces.id AND task_versions.revision > spaces.history_floor ORDER BY task_versions.revision 
 LIMIT $2::INTEGER) < $3::TIMESTAMP WITH TIME ZONE ORDER BY spaces.id 
 LIMIT $4::BIGINT;

-- owners_with_old_task_history, sqlite
SELECT spaces.id 
FROM spaces 
WHERE spaces.id > ? AND (SELECT task_versions.at 
FROM task_versions 
WHERE task_versions.owner_id = spaces.id AND task_versions.revision > spaces.history_floor ORDER BY task_versions.revision
 LIMIT ? OFFSET ?) < ? ORDER BY spaces.id
 LIMIT ? OFFSET ?;

-- owners_with_tasks_in_trash, postgresql
SELECT DISTINCT tasks.owner_id 
FROM tasks 
WHERE tasks.deleted_at < $1::TIMESTAMP WITH TIME ZONE 
 LIMIT $2::BIGINT;

-- owners_with_tasks_in_trash, sqlite
SELECT DISTINCT tasks.owner_id 
FROM tasks 
WHERE tasks.deleted_at < ?
 LIMIT ? OFFSET ?;

-- owners_with_tombstones, postgresql
SELECT DISTINCT tombstones.owner_id 
FROM tombstones 
WHERE tombstones.erased_at < $1::TIMESTAMP WITH TIME ZONE 
 LIMIT $2::BIGINT;

-- owners_with_tombstones, sqlite
SELECT DISTINCT tombstones.owner_id 
FROM tombstones 
WHERE tombstones.erased_at < ?
 LIMIT ? OFFSET ?;

-- page_of_tasks[created-desc-trashed-completed-2priorities-2texts-tags-due_before-due_after-limit-overdue,first,TaskFacts], postgresql
SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, (SELECT spaces.revision 
FROM spaces 
WHERE spaces.id = $1::VARCHAR) AS etag 
FROM tasks 
WHERE tasks.owner_id = $1::VARCHAR AND tasks.deleted_at IS NOT NULL AND tasks.completed_at IS NOT NULL AND (tasks.priority = $2::VARCHAR OR tasks.priority = $3::VARCHAR) AND ((strpos(tasks.title_folded, $4::VARCHAR) > 0) OR (strpos(coalesce(tasks.description_folded, $5::VARCHAR), $4::VARCHAR) > 0)) AND ((strpos(tasks.title_folded, $6::VARCHAR) > 0) OR (strpos(coalesce(tasks.description_folded, $7::VARCHAR), $6::VARCHAR) > 0)) AND (tasks.tags @> $8::JSONB) AND (tasks.due_all_day AND tasks.due_at < $9::TIMESTAMP WITH TIME ZONE OR NOT tasks.due_all_day AND tasks.due_at < $10::TIMESTAMP WITH TIME ZONE) AND tasks.due_at IS NOT NULL AND NOT (tasks.due_all_day AND tasks.due_at < $11::TIMESTAMP WITH TIME ZONE OR NOT tasks.due_all_day AND tasks.due_at < $12::TIMESTAMP WITH TIME ZONE) AND tasks.completed_at IS NULL AND (tasks.due_all_day AND tasks.due_at < $13::TIMESTAMP WITH TIME ZONE OR NOT tasks.due_all_day AND tasks.due_at < $14::TIMESTAMP WITH TIME ZONE) ORDER BY tasks.id DESC 
 LIMIT $15::BIGINT;

-- page_of_tasks[created-desc-trashed-completed-2priorities-2texts-tags-due_before-due_after-limit-overdue,first,TaskFacts], sqlite
SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, (SELECT spaces.revision 
FROM spaces 
WHERE spaces.id = ?) AS etag 
FROM tasks 
WHERE tasks.owner_id = ? AND tasks.deleted_at IS NOT NULL AND tasks.completed_at IS NOT NULL AND (tasks.priority = ? OR tasks.priority = ?) AND ((instr(tasks.title_folded, ?) > 0) = 1 OR (instr(coalesce(tasks.description_folded, ?), ?) > 0) = 1) AND ((instr(tasks.title_folded, ?) > 0) = 1 OR (instr(coalesce(tasks.description_folded, ?), ?) > 0) = 1) AND (NOT EXISTS (SELECT 1 FROM json_each(?) AS wanted WHERE NOT wanted.value IN (SELECT have.value FROM json_each(tasks.tags) AS have))) = 1 AND (tasks.due_all_day = 1 AND tasks.due_at < ? OR tasks.due_all_day = 0 AND tasks.due_at < ?) AND tasks.due_at IS NOT NULL AND NOT (tasks.due_all_day = 1 AND tasks.due_at < ? OR tasks.due_all_day = 0 AND tasks.due_at < ?) AND tasks.completed_at IS NULL AND (tasks.due_all_day = 1 AND tasks.due_at < ? OR tasks.due_all_day = 0 AND tasks.due_at < ?) ORDER BY tasks.id DESC
 LIMIT ? OFFSET ?;

-- position_of_task[id], postgresql
SELECT tasks.position, tasks.id 
FROM tasks 
WHERE tasks.owner_id = $1::VARCHAR AND tasks.id = $2::BIGINT AND tasks.deleted_at IS NULL;

-- position_of_task[id], sqlite
SELECT tasks.position, tasks.id 
FROM tasks 
WHERE tasks.owner_id = ? AND tasks.id = ? AND tasks.deleted_at IS NULL;

-- propose_service_key, postgresql
INSERT INTO service_keys (name, key) VALUES ($1::VARCHAR, $2::BYTEA) ON CONFLICT (name) DO NOTHING;

-- propose_service_key, sqlite
INSERT INTO service_keys (name, "key") VALUES (?, ?) ON CONFLICT (name) DO NOTHING;

-- prune_task_blanks, postgresql
DELETE FROM task_versions WHERE task_versions.owner_id = $1::VARCHAR AND task_versions.revision > $2::BIGINT AND task_versions.revision <= $3::BIGINT AND task_versions.title = $4::VARCHAR RETURNING 200 + octet_length(task_versions.title) + coalesce(octet_length(task_versions.description), 0) + octet_length(CAST(task_versions.tags AS TEXT)) AS bytes;

-- prune_task_blanks, sqlite
DELETE FROM task_versions WHERE task_versions.owner_id = ? AND task_versions.revision > ? AND task_versions.revision <= ? AND task_versions.title = ? RETURNING 200 + length(CAST(title AS BLOB)) + coalesce(length(CAST(description AS BLOB)), 0) + (length(CAST(tags AS BLOB)) + max(json_array_length(tags) - 1, 0)) AS bytes;

-- prune_task_versions, postgresql
DELETE FROM task_versions WHERE task_versions.owner_id = $1::VARCHAR AND (task_versions.revision, task_versions.task_id) IN (SELECT task_versions.revision, task_versions.task_id 
FROM task_versions AS newer JOIN task_versions ON task_versions.owner_id = $1::VARCHAR AND task_versions.revision = newer.previous_revision AND task_versions.task_id = newer.task_id 
WHERE newer.owner_id = $1::VARCHAR AND newer.revision > $2::BIGINT AND newer.revision <= $3::BIGINT) RETURNING 200 + octet_length(task_versions.title) + coalesce(octet_length(task_versions.description), 0) + octet_length(CAST(task_versions.tags AS TEXT)) AS bytes;

-- prune_task_versions, sqlite
DELETE FROM task_versions WHERE task_versions.owner_id = ? AND (task_versions.revision, task_versions.task_id) IN (SELECT task_versions.revision, task_versions.task_id 
FROM task_versions AS newer JOIN task_versions ON task_versions.owner_id = ? AND task_versions.revision = newer.previous_revision AND task_versions.task_id = newer.task_id 
WHERE newer.owner_id = ? AND newer.revision > ? AND newer.revision <= ?) RETURNING 200 + length(CAST(title AS BLOB)) + coalesce(length(CAST(description AS BLOB)), 0) + (length(CAST(tags AS BLOB)) + max(json_array_length(tags) - 1, 0)) AS bytes;

-- raise_floor, postgresql
UPDATE spaces SET floor=(SELECT max(tombstones.revision) AS max_1 
FROM tombstones 
WHERE tombstones.owner_id = $1::VARCHAR AND tombstones.erased_at < $2::TIMESTAMP WITH TIME ZONE) WHERE spaces.id = $1::VARCHAR AND spaces.floor < (SELECT max(tombstones.revision) AS max_1 
FROM tombstones 
WHERE tombstones.owner_id = $1::VARCHAR AND tombstones.erased_at < $2::TIMESTAMP WITH TIME ZONE);

-- raise_floor, sqlite
UPDATE spaces SET floor=(SELECT max(tombstones.revision) AS max_1 
FROM tombstones 
WHERE tombstones.owner_id = ? AND tombstones.erased_at < ?) WHERE spaces.id = ? AND spaces.floor < (SELECT max(tombstones.revision) AS max_1 
FROM tombstones 
WHERE tombstones.owner_id = ? AND tombstones.erased_at < ?);

-- raise_revision[task], postgresql
UPDATE spaces SET revision=$1::BIGINT, tasks=(spaces.tasks + $2::BIGINT), history_bytes=(spaces.history_bytes + (SELECT coalesce(sum(200 + octet_length(task_versions.title) + coalesce(octet_length(task_versions.description), 0) + octet_length(CAST(task_versions.tags AS TEXT))), 0) AS coalesce_1 
FROM task_versions 
WHERE task_versions.owner_id = $3::VARCHAR AND task_versions.revision = $1::BIGINT)) WHERE spaces.id = $3::VARCHAR;

-- raise_revision[task], sqlite
UPDATE spaces SET revision=?, tasks=(spaces.tasks + ?), history_bytes=(spaces.history_bytes + (SELECT coalesce(sum(200 + length(CAST(task_versions.title AS BLOB)) + coalesce(length(CAST(task_versions.description AS BLOB)), 0) + (length(CAST(task_versions.tags AS BLOB)) + max(json_array_length(task_versions.tags) - 1, 0))), 0) AS coalesce_1 
FROM task_versions 
WHERE task_versions.owner_id = ? AND task_versions.revision = ?)) WHERE spaces.id = ?;

-- redeem_ticket, postgresql
DELETE FROM event_tickets WHERE event_tickets.owner_id = $1::VARCHAR AND event_tickets.digest = $2::VARCHAR RETURNING event_tickets.token_id, event_tickets.token_issued_at, event_tickets.token_expires_at, event_tickets.expires_at;

-- redeem_ticket, sqlite
DELETE FROM event_tickets WHERE event_tickets.owner_id = ? AND event_tickets.digest = ? RETURNING token_id, token_issued_at, token_expires_at, expires_at;

-- service_key, postgresql
SELECT service_keys.key 
FROM service_keys 
WHERE service_keys.name = $1::VARCHAR;

-- service_key, sqlite
SELECT service_keys."key" 
FROM service_keys 
WHERE service_keys.name = ?;

-- set_counters, postgresql
UPDATE spaces SET tasks=$1::BIGINT, history_bytes=$2::BIGINT, answer_bytes=$3::BIGINT WHERE spaces.id = $4::VARCHAR;

-- set_counters, sqlite
UPDATE spaces SET tasks=?, history_bytes=?, answer_bytes=? WHERE spaces.id = ?;

-- task_changes[one,newest], postgresql
WITH RECURSIVE chain(revision, previous_revision) AS 
(SELECT task_versions.revision AS revision, task_versions.previous_revision AS previous_revision 
FROM task_versions 
WHERE task_versions.owner_id = $1::VARCHAR AND task_versions.task_id = $4::BIGINT AND task_versions.revision = (SELECT tasks.revision 
FROM tasks 
WHERE tasks.owner_id = $1::VARCHAR AND tasks.id = $4::BIGINT) UNION ALL SELECT task_versions.revision AS revision, task_versions.previous_revision AS previous_revision 
FROM task_versions, chain 
WHERE task_versions.owner_id = $1::VARCHAR AND task_versions.task_id = $4::BIGINT AND task_versions.revision = chain.previous_revision AND chain.revision > $2::BIGINT), 
upcoming AS 
(SELECT anon_1.revision AS revision 
FROM (SELECT anon_2.revision AS revision 
FROM (SELECT anon_3.revision AS revision 
FROM (SELECT task_versions.revision AS revision 
FROM task_versions 
WHERE task_versions.owner_id = $1::VARCHAR AND task_versions.revision > $2::BIGINT AND task_versions.revision < $3::BIGINT AND task_versions.revision > (SELECT spaces.history_floor 
FROM spaces 
WHERE spaces.id = $1::VARCHAR) AND task_versions.task_id = $4::BIGINT AND task_versions.revision IN (SELECT chain.revision 
FROM chain)) AS anon_3 ORDER BY anon_3.revision DESC 
 LIMIT $5::BIGINT) AS anon_2) AS anon_1 ORDER BY anon_1.revision DESC 
 LIMIT $5::BIGINT), 
owner_row AS 
(SELECT spaces.revision AS revision, spaces.floor AS floor 
FROM spaces 
WHERE spaces.id = $1::VARCHAR), 
bounds AS 
(SELECT owner_row.revision AS revision, CASE WHEN ((SELECT upcoming.revision 
FROM upcoming ORDER BY upcoming.revision DESC 
 LIMIT $6::INTEGER OFFSET $7::BIGINT) IS NULL) THEN $8::BIGINT ELSE coalesce((SELECT min(upcoming.revision) AS min_1 
FROM upcoming 
WHERE upcoming.revision > (SELECT upcoming.revision 
FROM upcoming ORDER BY upcoming.revision DESC 
 LIMIT $6::INTEGER OFFSET $7::BIGINT)), (SELECT upcoming.revision 
FROM upcoming ORDER BY upcoming.revision DESC 
 LIMIT $6::INTEGER OFFSET $7::BIGINT)) END AS page_end, $3::BIGINT > $9::BIGINT AND $3::BIGINT < owner_row.floor AND NOT (EXISTS (SELECT $10::INTEGER AS anon_4 
FROM task_versions 
WHERE task_versions.owner_id = $1::VARCHAR AND task_versions.revision = $3::BIGINT)) AS lost 
FROM owner_row)
 SELECT page.at_revision, page.at, page.contract, page.action, page.task_id, page.uuid, page.after_0, page.after_1, page.after_2, page.after_3, page.after_4, page.after_5, page.after_6, page.after_7, page.after_8, page.after_9, page.before_0, page.before_1, page.before_2, page.before_3, page.before_4, page.before_5, page.before_6, page.before_7, page.before_8, page.before_9, bounds.revision, bounds.page_end, bounds.lost 
FROM bounds LEFT OUTER JOIN (SELECT task_versions.revision AS at_revision, task_versions.at AS at, task_versions.contract AS contract, task_versions.action AS action, task_versions.task_id AS task_id, coalesce(tasks.uuid, tombstones.uuid) AS uuid, task_versions.title AS after_0, task_versions.description AS after_1, task_versions.completed_at AS after_2, task_versions.priority AS after_3, task_versions.due_at AS after_4, task_versions.due_all_day AS after_5, task_versions.due_time_zone AS after_6, task_versions.tags AS after_7, task_versions.position AS after_8, task_versions.deleted_at AS after_9, version_before.title AS before_0, version_before.description AS before_1, version_before.completed_at AS before_2, version_before.priority AS before_3, version_before.due_at AS before_4, version_before.due_all_day AS before_5, version_before.due_time_zone AS before_6, version_before.tags AS before_7, version_before.position AS before_8, version_before.deleted_at AS before_9 
FROM task_versions LEFT OUTER JOIN task_versions AS version_before ON version_before.owner_id = $1::VARCHAR AND version_before.revision = task_versions.previous_revision AND version_before.task_id = task_versions.task_id LEFT OUTER JOIN tasks ON tasks.owner_id = $1::VARCHAR AND tasks.id = task_versions.task_id LEFT OUTER JOIN tombstones ON tombstones.owner_id = $1::VARCHAR AND tombstones.task_id = task_versions.task_id 
WHERE task_versions.owner_id = $1::VARCHAR AND task_versions.revision > $2::BIGINT AND task_versions.revision < $3::BIGINT AND task_versions.revision > (SELECT spaces.history_floor 
FROM spaces 
WHERE spaces.id = $1::VARCHAR) AND task_versions.task_id = $4::BIGINT AND task_versions.revision IN (SELECT chain.revision 
FROM chain) AND task_versions.revision >= (SELECT bounds.page_end 
FROM bounds)) AS page ON true ORDER BY page.at_revision DESC, page.task_id;

-- task_changes[one,newest], sqlite
WITH RECURSIVE chain(revision, previous_revision) AS 
(SELECT task_versions.revision AS revision, task_versions.previous_revision AS previous_revision 
FROM task_versions 
WHERE task_versions.owner_id = ? AND task_versions.task_id = ? AND task_versions.revision = (SELECT tasks.revision 
FROM tasks 
WHERE tasks.owner_id = ? AND tasks.id = ?) UNION ALL SELECT task_versions.revision AS revision, task_versions.previous_revision AS previous_revision 
FROM task_versions, chain 
WHERE task_versions.owner_id = ? AND task_versions.task_id = ? AND task_versions.revision = chain.previous_revision AND chain.revision > ?), 
upcoming AS 
(SELECT anon_1.revision AS revision 
FROM (SELECT anon_2.revision AS revision 
FROM (SELECT anon_3.revision AS revision 
FROM (SELECT task_versions.revision AS revision 
FROM task_versions 
WHERE task_versions.owner_id = ? AND task_versions.revision > ? AND task_versions.revision < ? AND task_versions.revision > (SELECT spaces.history_floor 
FROM spaces 
WHERE spaces.id = ?) AND task_versions.task_id = ? AND task_versions.revision IN (SELECT chain.revision 
FROM chain)) AS anon_3 ORDER BY anon_3.revision DESC
 LIMIT ? OFFSET ?) AS anon_2) AS anon_1 ORDER BY anon_1.revision DESC
 LIMIT ? OFFSET ?), 
owner_row AS 
(SELECT spaces.revision AS revision, spaces.floor AS floor 
FROM spaces 
WHERE spaces.id = ?), 
bounds AS 
(SELECT owner_row.revision AS revision, CASE WHEN ((SELECT upcoming.revision 
FROM upcoming ORDER BY upcoming.revision DESC
 LIMIT ? OFFSET ?) IS NULL) THEN ? ELSE coalesce((SELECT min(upcoming.revision) AS min_1 
FROM upcoming 
WHERE upcoming.revision > (SELECT upcoming.revision 
FROM upcoming ORDER BY upcoming.revision DESC
 LIMIT ? OFFSET ?)), (SELECT upcoming.revision 
FROM upcoming ORDER BY upcoming.revision DESC
 LIMIT ? OFFSET ?)) END AS page_end, ? > ? AND ? < owner_row.floor AND NOT (EXISTS (SELECT ? AS anon_4 
FROM task_versions 
WHERE task_versions.owner_id = ? AND task_versions.revision = ?)) AS lost 
FROM owner_row)
 SELECT page.at_revision, page.at, page.contract, page.action, page.task_id, page.uuid, page.after_0, page.after_1, page.after_2, page.after_3, page.after_4, page.after_5, page.after_6, page.after_7, page.after_8, page.after_9, page.before_0, page.before_1, page.before_2, page.before_3, page.before_4, page.before_5, page.before_6, page.before_7, page.before_8, page.before_9, bounds.revision, bounds.page_end, bounds.lost 
FROM bounds LEFT OUTER JOIN (SELECT task_versions.revision AS at_revision, task_versions.at AS at, task_versions.contract AS contract, task_versions.action AS action, task_versions.task_id AS task_id, coalesce(tasks.uuid, tombstones.uuid) AS uuid, task_versions.title AS after_0, task_versions.description AS after_1, task_versions.completed_at AS after_2, task_versions.priority AS after_3, task_versions.due_at AS after_4, task_versions.due_all_day AS after_5, task_versions.due_time_zone AS after_6, task_versions.tags AS after_7, task_versions.position AS after_8, task_versions.deleted_at AS after_9, version_before.title AS before_0, version_before.description AS before_1, version_before.completed_at AS before_2, version_before.priority AS before_3, version_before.due_at AS before_4, version_before.due_all_day AS before_5, version_before.due_time_zone AS before_6, version_before.tags AS before_7, version_before.position AS before_8, version_before.deleted_at AS before_9 
FROM task_versions LEFT OUTER JOIN task_versions AS version_before ON version_before.owner_id = ? AND version_before.revision = task_versions.previous_revision AND version_before.task_id = task_versions.task_id LEFT OUTER JOIN tasks ON tasks.owner_id = ? AND tasks.id = task_versions.task_id LEFT OUTER JOIN tombstones ON tombstones.owner_id = ? AND tombstones.task_id = task_versions.task_id 
WHERE task_versions.owner_id = ? AND task_versions.revision > ? AND task_versions.revision < ? AND task_versions.revision > (SELECT spaces.history_floor 
FROM spaces 
WHERE spaces.id = ?) AND task_versions.task_id = ? AND task_versions.revision IN (SELECT chain.revision 
FROM chain) AND task_versions.revision >= (SELECT bounds.page_end 
FROM bounds)) AS page ON 1 = 1 ORDER BY page.at_revision DESC, page.task_id;

-- task_events_after[TaskFacts], postgresql
SELECT events.id, events.uuid, events.owner_id, events.title, events.description, events.completed_at IS NOT NULL AS completed, events.completed_at, events.priority, events.due_at, events.due_all_day, events.due_time_zone, events.tags, events.position, events.created_at, events.updated_at, events.deleted_at, events.previous_revision, events.revision, events.uuid IS NULL AS erased, events.known_uuid, events.id AS number, events.revision AS in_revision, events.action, events.contract, events.updated_at AS at, spaces.revision AS head, spaces.floor AS floor 
FROM spaces LEFT OUTER JOIN (SELECT task_versions.task_id AS id, task_versions.owner_id AS owner_id, task_versions.revision AS revision, task_versions.previous_revision AS previous_revision, task_versions.title AS title, task_versions.description AS description, task_versions.completed_at AS completed_at, task_versions.priority AS priority, task_versions.due_at AS due_at, task_versions.due_all_day AS due_all_day, task_versions.due_time_zone AS due_time_zone, task_versions.tags AS tags, task_versions.position AS position, task_versions.deleted_at AS deleted_at, tasks.uuid AS uuid, tasks.title_folded AS title_folded, tasks.description_folded AS description_folded, tasks.created_at AS created_at, task_versions.at AS updated_at, task_versions.action AS action, task_versions.contract AS contract, coalesce(tasks.uuid, (SELECT tombstones.uuid 
FROM tombstones 
WHERE tombstones.owner_id = $1::VARCHAR AND tombstones.task_id = task_versions.task_id)) AS known_uuid 
FROM task_versions LEFT OUTER JOIN tasks ON tasks.owner_id = $1::VARCHAR AND tasks.id = task_versions.task_id 
WHERE task_versions.owner_id = $1::VARCHAR AND (task_versions.revision, task_versions.task_id) > ($2::BIGINT, $3::BIGINT) ORDER BY task_versions.revision, task_versions.task_id 
 LIMIT $4::BIGINT) AS events ON true 
WHERE spaces.id = $1::VARCHAR ORDER BY events.revision, events.id;

-- task_events_after[TaskFacts], sqlite
SELECT events.id, events.uuid, events.owner_id, events.title, events.description, events.completed_at IS NOT NULL AS completed, events.completed_at, events.priority, events.due_at, events.due_all_day, events.due_time_zone, events.tags, events.position, events.created_at, events.updated_at, events.deleted_at, events.previous_revision, events.revision, events.uuid IS NULL AS erased, events.known_uuid, events.id AS number, events.revision AS in_revision, events.action, events.contract, events.updated_at AS at, spaces.revision AS head, spaces.floor AS floor 
FROM spaces LEFT OUTER JOIN (SELECT task_versions.task_id AS id, task_versions.owner_id AS owner_id, task_versions.revision AS revision, task_versions.previous_revision AS previous_revision, task_versions.title AS title, task_versions.description AS description, task_versions.completed_at AS completed_at, task_versions.priority AS priority, task_versions.due_at AS due_at, task_versions.due_all_day AS due_all_day, task_versions.due_time_zone AS due_time_zone, task_versions.tags AS tags, task_versions.position AS position, task_versions.deleted_at AS deleted_at, tasks.uuid AS uuid, tasks.title_folded AS title_folded, tasks.description_folded AS description_folded, tasks.created_at AS created_at, task_versions.at AS updated_at, task_versions.action AS action, task_versions.contract AS contract, coalesce(tasks.uuid, (SELECT tombstones.uuid 
FROM tombstones 
WHERE tombstones.owner_id = ? AND tombstones.task_id = task_versions.task_id)) AS known_uuid 
FROM task_versions LEFT OUTER JOIN tasks ON tasks.owner_id = ? AND tasks.id = task_versions.task_id 
WHERE task_versions.owner_id = ? AND (task_versions.revision, task_versions.task_id) > (?, ?) ORDER BY task_versions.revision, task_versions.task_id
 LIMIT ? OFFSET ?) AS events ON 1 = 1 
WHERE spaces.id = ? ORDER BY events.revision, events.id;

-- task_state_at, postgresql
WITH RECURSIVE chain(revision, previous_revision) AS 
(SELECT task_versions.revision AS revision, task_versions.previous_revision AS previous_revision 
FROM task_versions 
WHERE task_versions.owner_id = $1::VARCHAR AND task_versions.task_id = $2::BIGINT AND task_versions.revision = $3::BIGINT UNION ALL SELECT task_versions.revision AS revision, task_versions.previous_revision AS previous_revision 
FROM task_versions, chain 
WHERE task_versions.owner_id = $1::VARCHAR AND task_versions.task_id = $2::BIGINT AND task_versions.revision = chain.previous_revision AND chain.revision > $4::BIGINT)
 SELECT task_versions.title, task_versions.description, task_versions.completed_at, task_versions.priority, task_versions.due_at, task_versions.due_all_day, task_versions.due_time_zone, task_versions.tags, task_versions.position, task_versions.deleted_at 
FROM chain JOIN task_versions ON task_versions.revision = chain.revision 
WHERE task_versions.owner_id = $1::VARCHAR AND task_versions.task_id = $2::BIGINT AND chain.revision <= $4::BIGINT AND ($5::BIGINT <= $4::BIGINT OR chain.revision = $4::BIGINT);

-- task_state_at, sqlite
WITH RECURSIVE chain(revision, previous_revision) AS 
(SELECT task_versions.revision AS revision, task_versions.previous_revision AS previous_revision 
FROM task_versions 
WHERE task_versions.owner_id = ? AND task_versions.task_id = ? AND task_versions.revision = ? UNION ALL SELECT task_versions.revision AS revision, task_versions.previous_revision AS previous_revision 
FROM task_versions, chain 
WHERE task_versions.owner_id = ? AND task_versions.task_id = ? AND task_versions.revision = chain.previous_revision AND chain.revision > ?)
 SELECT task_versions.title, task_versions.description, task_versions.completed_at, task_versions.priority, task_versions.due_at, task_versions.due_all_day, task_versions.due_time_zone, task_versions.tags, task_versions.position, task_versions.deleted_at 
FROM chain JOIN task_versions ON task_versions.revision = chain.revision 
WHERE task_versions.owner_id = ? AND task_versions.task_id = ? AND chain.revision <= ? AND (? <= ? OR chain.revision = ?);

-- task_states_of_revision, postgresql
SELECT task_versions.task_id, tasks.uuid, task_versions.title AS after_0, task_versions.description AS after_1, task_versions.completed_at AS after_2, task_versions.priority AS after_3, task_versions.due_at AS after_4, task_versions.due_all_day AS after_5, task_versions.due_time_zone AS after_6, task_versions.tags AS after_7, task_versions.position AS after_8, task_versions.deleted_at AS after_9, version_before.title AS before_0, version_before.description AS before_1, version_before.completed_at AS before_2, version_before.priority AS before_3, version_before.due_at AS before_4, version_before.due_all_day AS before_5, version_before.due_time_zone AS before_6, version_before.tags AS before_7, version_before.position AS before_8, version_before.deleted_at AS before_9, tasks.title AS now_0, tasks.description AS now_1, tasks.completed_at AS now_2, tasks.priority AS now_3, tasks.due_at AS now_4, tasks.due_all_day AS now_5, tasks.due_time_zone AS now_6, tasks.tags AS now_7, tasks.position AS now_8, tasks.deleted_at AS now_9 
FROM task_versions LEFT OUTER JOIN task_versions AS version_before ON version_before.owner_id = $1::VARCHAR AND version_before.revision = task_versions.previous_revision AND version_before.task_id = task_versions.task_id LEFT OUTER JOIN tasks ON tasks.owner_id = $1::VARCHAR AND tasks.id = task_versions.task_id 
WHERE task_versions.owner_id = $1::VARCHAR AND task_versions.revision = $2::BIGINT AND task_versions.revision > (SELECT spaces.history_floor 
FROM spaces 
WHERE spaces.id = $1::VARCHAR) ORDER BY task_versions.task_id;

-- task_states_of_revision, sqlite
SELECT task_versions.task_id, tasks.uuid, task_versions.title AS after_0, task_versions.description AS after_1, task_versions.completed_at AS after_2, task_versions.priority AS after_3, task_versions.due_at AS after_4, task_versions.due_all_day AS after_5, task_versions.due_time_zone AS after_6, task_versions.tags AS after_7, task_versions.position AS after_8, task_versions.deleted_at AS after_9, version_before.title AS before_0, version_before.description AS before_1, version_before.completed_at AS before_2, version_before.priority AS before_3, version_before.due_at AS before_4, version_before.due_all_day AS before_5, version_before.due_time_zone AS before_6, version_before.tags AS before_7, version_before.position AS before_8, version_before.deleted_at AS before_9, tasks.title AS now_0, tasks.description AS now_1, tasks.completed_at AS now_2, tasks.priority AS now_3, tasks.due_at AS now_4, tasks.due_all_day AS now_5, tasks.due_time_zone AS now_6, tasks.tags AS now_7, tasks.position AS now_8, tasks.deleted_at AS now_9 
FROM task_versions LEFT OUTER JOIN task_versions AS version_before ON version_before.owner_id = ? AND version_before.revision = task_versions.previous_revision AND version_before.task_id = task_versions.task_id LEFT OUTER JOIN tasks ON tasks.owner_id = ? AND tasks.id = task_versions.task_id 
WHERE task_versions.owner_id = ? AND task_versions.revision = ? AND task_versions.revision > (SELECT spaces.history_floor 
FROM spaces 
WHERE spaces.id = ?) ORDER BY task_versions.task_id;

-- tasks_by_number[TaskFacts], postgresql
SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, tasks.id AS task_id 
FROM tasks 
WHERE tasks.owner_id = $1::VARCHAR AND (tasks.id = ANY ($2::BIGINT[]));

-- tasks_by_number[TaskFacts], sqlite
SELECT tasks.id, tasks.uuid, tasks.owner_id, tasks.title, tasks.description, tasks.completed_at IS NOT NULL AS completed, tasks.completed_at, tasks.priority, tasks.due_at, tasks.due_all_day, tasks.due_time_zone, tasks.tags, tasks.position, tasks.created_at, tasks.updated_at, tasks.deleted_at, tasks.previous_revision, tasks.revision, tasks.id AS task_id 
FROM tasks 
WHERE tasks.owner_id = ? AND (tasks.id IN (SELECT value FROM json_each(?))) = 1;

-- tasks_changed_since[TaskFacts], postgresql
WITH upcoming AS 
(SELECT anon_1.revision AS revision 
FROM (SELECT anon_2.revision AS revision 
FROM (SELECT anon_3.revision AS revision 
FROM (SELECT tasks.revision AS revision 
FROM tasks 
WHERE tasks.owner_id = $3::VARCHAR AND tasks.revision > $4::BIGINT) AS anon_3 ORDER BY anon_3.revision 
 LIMIT $5::BIGINT) AS anon_2 UNION ALL SELECT anon_4.revision AS revision 
FROM (SELECT anon_5.revision AS revision 
FROM (SELECT tombstones.revision AS revision 
FROM tombstones 
WHERE tombstones.owner_id = $3::VARCHAR AND tombstones.revision > $4::BIGINT) AS anon_5 ORDER BY anon_5.revision 
 LIMIT $5::BIGINT) AS anon_4) AS anon_1 ORDER BY anon_1.revision 
 LIMIT $5::BIGINT), 
owner_row AS 
(SELECT spaces.revision AS revision, spaces.floor AS floor 
FROM spaces 
WHERE spaces.id = $3::VARCHAR), 
bounds AS 
(SELECT owner_row.revision AS revision, owner_row.floor AS floor, CASE WHEN ($1::BIGINT = $2::BIGINT AND CASE WHEN ((SELECT upcoming.revision 
FROM upcoming ORDER BY upcoming.revision 
 LIMIT $6::INTEGER OFFSET $7::BIGINT) IS NULL) THEN owner_row.revision ELSE coalesce((SELECT max(upcoming.revision) AS max_1 
FROM upcoming 
WHERE upcoming.revision < (SELECT upcoming.revision 
FROM upcoming ORDER BY upcoming.revision 
 LIMIT $6::INTEGER OFFSET $7::BIGINT)), (SELECT upcoming.revision 
FROM upcoming ORDER BY upcoming.revision 
 LIMIT $6::INTEGER OFFSET $7::BIGINT)) END < owner_row.floor) THEN owner_row.floor ELSE CASE WHEN ((SELECT upcoming.revision 
FROM upcoming ORDER BY upcoming.revision 
 LIMIT $6::INTEGER OFFSET $7::BIGINT) IS NULL) THEN owner_row.revision ELSE coalesce((SELECT max(upcoming.revision) AS max_1 
FROM upcoming 
WHERE upcoming.revision < (SELECT upcoming.revision 
FROM upcoming ORDER BY upcoming.revision 
 LIMIT $6::INTEGER OFFSET $7::BIGINT)), (SELECT upcoming.revision 
FROM upcoming ORDER BY upcoming.revision 
 LIMIT $6::INTEGER OFFSET $7::BIGINT)) END END AS page_end 
FROM owner_row)
 SELECT changed.fact_0, changed.fact_1, changed.fact_2, changed.fact_3, changed.fact_4, changed.fact_5, changed.fact_6, changed.fact_7, changed.fact_8, changed.fact_9, changed.fact_10, changed.fact_11, changed.fact_12, changed.fact_13, changed.fact_14, changed.fact_15, changed.fact_16, changed.fact_17, changed.number, changed.uuid, changed.at_revision, changed.gone, bounds.revision, bounds.floor, bounds.page_end 
FROM bounds LEFT OUTER JOIN (SELECT tasks.id AS fact_0, tasks.uuid AS fact_1, tasks.owner_id AS fact_2, tasks.title AS fact_3, tasks.description AS fact_4, tasks.completed_at IS NOT NULL AS fact_5, tasks.completed_at AS fact_6, tasks.priority AS fact_7, tasks.due_at AS fact_8, tasks.due_all_day AS fact_9, tasks.due_time_zone AS fact_10, tasks.tags AS fact_11, tasks.position AS fact_12, tasks.created_at AS fact_13, tasks.updated_at AS fact_14, tasks.deleted_at AS fact_15, tasks.previous_revision AS fact_16, tasks.revision AS fact_17, tasks.id AS number, tasks.uuid AS uuid, tasks.revision AS at_revision, tasks.deleted_at IS NOT NULL AS gone 
FROM tasks 
WHERE tasks.owner_id = $3::VARCHAR AND tasks.revision > $4::BIGINT AND tasks.revision <= (SELECT bounds.page_end 
FROM bounds) UNION ALL SELECT NULL AS anon_6, NULL AS anon__1, NULL AS anon__2, NULL AS anon__3, NULL AS anon__4, NULL AS anon__5, NULL AS anon__6, NULL AS anon__7, NULL AS anon__8, NULL AS anon__9, NULL AS anon__10, NULL AS anon__11, NULL AS anon__12, NULL AS anon__13, NULL AS anon__14, NULL AS anon__15, NULL AS anon__16, NULL AS anon__17, tombstones.task_id AS task_id, tombstones.uuid AS uuid, tombstones.revision AS revision, $8::BOOLEAN AS anon_7 
FROM tombstones 
WHERE tombstones.owner_id = $3::VARCHAR AND tombstones.revision > $4::BIGINT AND tombstones.revision <= (SELECT bounds.page_end 
FROM bounds)) AS changed ON true ORDER BY changed.at_revision, changed.number;

-- tasks_changed_since[TaskFacts], sqlite
WITH upcoming AS 
(SELECT anon_1.revision AS revision 
FROM (SELECT anon_2.revision AS revision 
FROM (SELECT anon_3.revision AS revision 
FROM (SELECT tasks.revision AS revision 
FROM tasks 
WHERE tasks.owner_id = ? AND tasks.revision > ?) AS anon_3 ORDER BY anon_3.revision
 LIMIT ? OFFSET ?) AS anon_2 UNION ALL SELECT anon_4.revision AS revision 
FROM (SELECT anon_5.revision AS revision 
FROM (SELECT tombstones.revision AS revision 
FROM tombstones 
WHERE tombstones.owner_id = ? AND tombstones.revision > ?) AS anon_5 ORDER BY anon_5.revision
 LIMIT ? OFFSET ?) AS anon_4) AS anon_1 ORDER BY anon_1.revision
 LIMIT ? OFFSET ?), 
owner_row AS 
(SELECT spaces.revision AS revision, spaces.floor AS floor 
FROM spaces 
WHERE spaces.id = ?), 
bounds AS 
(SELECT owner_row.revision AS revision, owner_row.floor AS floor, CASE WHEN (? = ? AND CASE WHEN ((SELECT upcoming.revision 
FROM upcoming ORDER BY upcoming.revision
 LIMIT ? OFFSET ?) IS NULL) THEN owner_row.revision ELSE coalesce((SELECT max(upcoming.revision) AS max_1 
FROM upcoming 
WHERE upcoming.revision < (SELECT upcoming.revision 
FROM upcoming ORDER BY upcoming.revision
 LIMIT ? OFFSET ?)), (SELECT upcoming.revision 
FROM upcoming ORDER BY upcoming.revision
 LIMIT ? OFFSET ?)) END < owner_row.floor) THEN owner_row.floor ELSE CASE WHEN ((SELECT upcoming.revision 
FROM upcoming ORDER BY upcoming.revision
 LIMIT ? OFFSET ?) IS NULL) THEN owner_row.revision ELSE coalesce((SELECT max(upcoming.revision) AS max_1 
FROM upcoming 
WHERE upcoming.revision < (SELECT upcoming.revision 
FROM upcoming ORDER BY upcoming.revision
 LIMIT ? OFFSET ?)), (SELECT upcoming.revision 
FROM upcoming ORDER BY upcoming.revision
 LIMIT ? OFFSET ?)) END END AS page_end 
FROM owner_row)
 SELECT changed.fact_0, changed.fact_1, changed.fact_2, changed.fact_3, changed.fact_4, changed.fact_5, changed.fact_6, changed.fact_7, changed.fact_8, changed.fact_9, changed.fact_10, changed.fact_11, changed.fact_12, changed.fact_13, changed.fact_14, changed.fact_15, changed.fact_16, changed.fact_17, changed.number, changed.uuid, changed.at_revision, changed.gone, bounds.revision, bounds.floor, bounds.page_end 
FROM bounds LEFT OUTER JOIN (SELECT tasks.id AS fact_0, tasks.uuid AS fact_1, tasks.owner_id AS fact_2, tasks.title AS fact_3, tasks.description AS fact_4, tasks.completed_at IS NOT NULL AS fact_5, tasks.completed_at AS fact_6, tasks.priority AS fact_7, tasks.due_at AS fact_8, tasks.due_all_day AS fact_9, tasks.due_time_zone AS fact_10, tasks.tags AS fact_11, tasks.position AS fact_12, tasks.created_at AS fact_13, tasks.updated_at AS fact_14, tasks.deleted_at AS fact_15, tasks.previous_revision AS fact_16, tasks.revision AS fact_17, tasks.id AS number, tasks.uuid AS uuid, tasks.revision AS at_revision, tasks.deleted_at IS NOT NULL AS gone 
FROM tasks 
WHERE tasks.owner_id = ? AND tasks.revision > ? AND tasks.revision <= (SELECT bounds.page_end 
FROM bounds) UNION ALL SELECT NULL AS anon_6, NULL AS anon__1, NULL AS anon__2, NULL AS anon__3, NULL AS anon__4, NULL AS anon__5, NULL AS anon__6, NULL AS anon__7, NULL AS anon__8, NULL AS anon__9, NULL AS anon__10, NULL AS anon__11, NULL AS anon__12, NULL AS anon__13, NULL AS anon__14, NULL AS anon__15, NULL AS anon__16, NULL AS anon__17, tombstones.task_id AS task_id, tombstones.uuid AS uuid, tombstones.revision AS revision, ? AS anon_7 
FROM tombstones 
WHERE tombstones.owner_id = ? AND tombstones.revision > ? AND tombstones.revision <= (SELECT bounds.page_end 
FROM bounds)) AS changed ON 1 = 1 ORDER BY changed.at_revision, changed.number;

-- tasks_trashed_before, postgresql
SELECT tasks.id 
FROM tasks 
WHERE tasks.owner_id = $1::VARCHAR AND tasks.deleted_at < $2::TIMESTAMP WITH TIME ZONE ORDER BY tasks.deleted_at, tasks.id 
 LIMIT $3::BIGINT;

-- tasks_trashed_before, sqlite
SELECT tasks.id 
FROM tasks 
WHERE tasks.owner_id = ? AND tasks.deleted_at < ? ORDER BY tasks.deleted_at, tasks.id
 LIMIT ? OFFSET ?;
