-- Reactions of elements. Filling by COPY: (id, user_id, elements, target_result, status); the rest has defaults.
CREATE TABLE simulations (
    id            text PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 128),
    user_id       text NOT NULL,  -- a user or a client; no reference, clients have no account
    elements      text[] NOT NULL,
    reaction_type text,           -- null: any kind of reaction
    target_result text,           -- null: whatever comes of it
    status        text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'completed', 'failed')),
    result        text,
    reason        text,           -- why it failed
    created_at    timestamptz NOT NULL DEFAULT now(),
    started_at    timestamptz,
    finished_at   timestamptz
);

CREATE INDEX simulations_latest ON simulations (created_at DESC, id);
CREATE INDEX simulations_of_user ON simulations (user_id, created_at DESC);
