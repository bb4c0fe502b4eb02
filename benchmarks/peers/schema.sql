-- The table every PostgreSQL peer uses, each in a database of its own. The index serves both of their
-- queries: one user's tasks, oldest first, and one task of one user.
CREATE TABLE tasks (
    id serial PRIMARY KEY,
    user_id varchar(64) NOT NULL,
    title varchar(200) NOT NULL,
    description text,
    completed boolean NOT NULL DEFAULT false,
    priority varchar(10),
    due_date timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX tasks_user_id_id ON tasks (user_id, id);
