-- Encrypted values: AES-256-GCM, one ciphertext a field; no plain text is stored anywhere.
CREATE TABLE sensitive_records (
    id         text PRIMARY KEY,
    owner      text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sensitive_fields (
    record_id  text NOT NULL REFERENCES sensitive_records ON DELETE CASCADE,
    name       text NOT NULL,
    key_id     text NOT NULL,
    nonce      bytea NOT NULL,
    ciphertext bytea NOT NULL,
    PRIMARY KEY (record_id, name)
);

CREATE INDEX sensitive_fields_by_key ON sensitive_fields (key_id, record_id);
