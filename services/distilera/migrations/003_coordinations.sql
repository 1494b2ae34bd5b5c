-- Simulations that several agents work on. An agent is waiting until `contribution` is there; a worker that takes one
-- holds its row locked, so a worker that dies leaves it waiting.
CREATE TABLE coordinations (
    id            text PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 128),
    user_id       text NOT NULL,
    elements      text[] NOT NULL,
    reaction_type text,
    target_result text,
    status        text NOT NULL DEFAULT 'running' CHECK (status IN ('pending', 'running', 'completed', 'failed')),
    result        text,
    created_at    timestamptz NOT NULL DEFAULT now(),
    finished_at   timestamptz
);

CREATE TABLE agents (
    coordination_id text NOT NULL REFERENCES coordinations ON DELETE CASCADE,
    position        integer NOT NULL,
    name            text NOT NULL,
    role            text NOT NULL,
    contribution    jsonb,
    reported_at     timestamptz,
    PRIMARY KEY (coordination_id, position)
);

CREATE INDEX agents_waiting ON agents (coordination_id, position) WHERE contribution IS NULL;
CREATE INDEX coordinations_of_user ON coordinations (user_id, created_at DESC);
