-- People. Filling by COPY: (id, name, email); everything else has defaults.
CREATE TABLE users (
    id            text PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 128),
    name          text NOT NULL,
    email         text NOT NULL,
    role          text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
    is_active     boolean NOT NULL DEFAULT true,
    avatar        text,  -- the profile's picture, a URL
    bio           text,
    password_hash text,  -- Argon2; null for users who cannot sign in by password
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX users_email ON users (lower(email));
CREATE INDEX users_latest ON users (created_at DESC, id);
