-- Events of this service on their way to its Redis stream; a row is here only until the relay has moved it.
CREATE TABLE outbox (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id text NOT NULL,
    form     text NOT NULL  -- the event as JSON, as it will stand on the stream
);

-- Which events of other services had their effect here; makes at-least-once delivery an exactly-once effect.
CREATE TABLE consumed_events (
    event_id    text PRIMARY KEY,
    consumed_at timestamptz NOT NULL DEFAULT now()
);

-- Events that this service could not handle after several tries, for a person to look at.
CREATE TABLE dead_letters (
    event_id  text PRIMARY KEY,
    stream    text NOT NULL,
    form      text NOT NULL,
    error     text NOT NULL,
    failed_at timestamptz NOT NULL DEFAULT now()
);
