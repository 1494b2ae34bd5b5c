-- What Jonar was asked to run. A deployment without stopped_at is kept by the process that `owner` names; that process
-- holds an advisory lock as long as it lives, so that its successor can tell which deployments nobody keeps any more.
CREATE TABLE deployments (
    id                text PRIMARY KEY,
    component         text NOT NULL,
    version           text NOT NULL,
    replicas          integer NOT NULL CHECK (replicas >= 0),
    cpu               double precision NOT NULL CHECK (cpu > 0),  -- cores requested per replica
    memory            bigint NOT NULL CHECK (memory > 0),         -- bytes requested per replica
    min_ready_seconds double precision NOT NULL CHECK (min_ready_seconds >= 0),
    min_replicas      integer NOT NULL CHECK (min_replicas > 0),
    max_replicas      integer NOT NULL CHECK (max_replicas >= min_replicas),
    target_requests   double precision CHECK (target_requests > 0),
    target_cpu        double precision CHECK (target_cpu > 0),
    owner             text NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now(),
    stopped_at        timestamptz
);

CREATE INDEX deployments_by_age ON deployments (created_at DESC, id);

-- What happened to a component: its deployments, replicas and scaling, and the work that its own events tell of.
CREATE TABLE component_events (
    position      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id            text NOT NULL UNIQUE,
    component     text NOT NULL,
    type          text NOT NULL,  -- deployed, ready, scaled, exited, not_started, overdue, stopped, load, workload
    subject       text NOT NULL,  -- the deployment, or the simulation
    event         text,           -- for workload: the event's own type, such as simulation.started
    details       jsonb NOT NULL DEFAULT '{}',
    occurred_at   timestamptz NOT NULL
);

CREATE INDEX component_events_by_component ON component_events (component, position DESC);
CREATE INDEX workload_by_event ON component_events (event, subject) WHERE type = 'workload';

CREATE TABLE scaling_events (
    position      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id            text NOT NULL UNIQUE,
    deployment_id text NOT NULL,
    component     text NOT NULL,
    type          text NOT NULL CHECK (type IN ('scale_up', 'scale_down')),
    from_replicas integer NOT NULL,
    to_replicas   integer NOT NULL,
    reason        text NOT NULL,
    occurred_at   timestamptz NOT NULL
);

CREATE INDEX scaling_events_by_component ON scaling_events (component, position DESC);

CREATE TABLE alerts (
    position      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id            text NOT NULL UNIQUE,
    type          text NOT NULL,
    component     text NOT NULL,
    message       text NOT NULL,
    occurred_at   timestamptz NOT NULL
);
