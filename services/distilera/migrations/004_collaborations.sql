-- Work that several users share.
CREATE TABLE collaborations (
    id              text PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 128),
    leader          text NOT NULL,
    participants    text[] NOT NULL,  -- without the leader
    simulation_type text NOT NULL,
    status          text NOT NULL DEFAULT 'running' CHECK (status IN ('pending', 'running', 'completed', 'failed')),
    result          text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    finished_at     timestamptz
);

CREATE TABLE contributions (
    id               text PRIMARY KEY,
    collaboration_id text NOT NULL REFERENCES collaborations ON DELETE CASCADE,
    user_id          text NOT NULL,
    contribution     jsonb NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX contributions_in_order ON contributions (collaboration_id, created_at, id);
CREATE INDEX collaborations_latest ON collaborations (created_at DESC, id);
