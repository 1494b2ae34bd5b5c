-- Mercatrix's listings as its events told of them. A row without item_type was closed before it was heard of:
-- events may arrive in another order than they happened in.
CREATE TABLE marketplace_items (
    id             text PRIMARY KEY,
    item_type      text,
    quantity       integer,
    price_per_unit numeric(20, 4),
    seller         text,
    is_open        boolean NOT NULL DEFAULT true,
    listed_at      timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX marketplace_items_open ON marketplace_items (listed_at DESC, id) WHERE is_open;
