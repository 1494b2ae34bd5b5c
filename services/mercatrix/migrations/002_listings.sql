-- The market's listings. Filling by COPY: (id, item_type, quantity, price_per_unit, seller); the rest has defaults.

CREATE TABLE mercatrix.listings (
    id             text PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 128),
    item_type      text NOT NULL,
    quantity       integer NOT NULL CHECK (quantity > 0),
    price_per_unit numeric(20, 4) NOT NULL CHECK (price_per_unit > 0),
    currency       text NOT NULL DEFAULT 'essence_coins',
    seller         text NOT NULL REFERENCES mercatrix.accounts,
    status         text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'closed')),
    created_at     timestamptz NOT NULL DEFAULT now(),
    closed_at      timestamptz,
    CONSTRAINT closed_at_some_instant CHECK ((status = 'closed') = (closed_at IS NOT NULL))
);

CREATE INDEX listings_latest ON mercatrix.listings (created_at DESC, id);
CREATE INDEX listings_of_seller ON mercatrix.listings (seller, created_at DESC);

CREATE TRIGGER announce AFTER INSERT OR UPDATE ON mercatrix.listings
    FOR EACH STATEMENT EXECUTE FUNCTION mercatrix.announce('listings');
