-- The ledger: accounts, transactions (what was asked), postings (what it did), balances (what is there now).
--
-- The database itself proves, whoever writes:
--   * every statement's postings sum to zero per transaction and currency, so the ledger does at every instant;
--   * a balance is the sum of its postings (a trigger keeps it) and no user's balance is below zero;
--   * a completed transaction has postings when its database transaction commits, a failed one a reason;
--   * the same caller's idempotency key stands for one transaction.
--
-- Filling by COPY, in one database transaction and in this order (a column with a default may be left out):
--   accounts     (id)                                              one per user; the id is the user's id
--                (id, may_overdraw)                                'system:treasury', true: where money comes from
--   transactions (id, from_user, to_user, amount, currency, transaction_type, requested_by)
--   postings     (transaction_id, account_id, currency, amount)    both sides of each transaction in one COPY:
--                                                                  −amount for from_user, +amount for to_user
-- An opening balance is such a transaction from 'system:treasury' with transaction_type 'funding'.
-- `balances` fills itself (to delete, delete the postings first, all in one statement); fill it by hand only where triggers are off. No table needs a row from a migration:
-- emptying them all is a clean state.

CREATE TABLE mercatrix.accounts (
    id           text PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 128),
    may_overdraw boolean NOT NULL DEFAULT false,
    opened_at    timestamptz NOT NULL DEFAULT now(),
    UNIQUE (id, may_overdraw)
);

CREATE TABLE mercatrix.transactions (
    id               text PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 128),
    from_user        text NOT NULL,
    to_user          text NOT NULL,
    amount           numeric(20, 4) NOT NULL CHECK (amount > 0),
    currency         text NOT NULL DEFAULT 'essence_coins',
    transaction_type text NOT NULL DEFAULT 'payment',
    status           text NOT NULL DEFAULT 'completed' CHECK (status IN ('completed', 'failed')),
    reason           text,  -- why it failed, a word for programs such as insufficient_funds
    note             text,  -- a sentence for people: why it failed, or what it was for
    requested_by     text NOT NULL DEFAULT 'system:treasury',
    idempotency_key  text,
    created_at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT failed_with_a_reason CHECK ((status = 'failed') = (reason IS NOT NULL)),
    CONSTRAINT one_transaction_per_key UNIQUE (requested_by, idempotency_key)
);

CREATE INDEX transactions_latest ON mercatrix.transactions (created_at DESC, id);
CREATE INDEX transactions_from ON mercatrix.transactions (from_user, created_at DESC);
CREATE INDEX transactions_to ON mercatrix.transactions (to_user, created_at DESC);
CREATE INDEX transactions_failed ON mercatrix.transactions (created_at DESC) WHERE status = 'failed';

CREATE TABLE mercatrix.postings (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transaction_id text NOT NULL REFERENCES mercatrix.transactions ON DELETE CASCADE,
    account_id     text NOT NULL REFERENCES mercatrix.accounts,
    currency       text NOT NULL DEFAULT 'essence_coins',
    amount         numeric(20, 4) NOT NULL CHECK (amount <> 0)
);

CREATE INDEX postings_of_transaction ON mercatrix.postings (transaction_id);
CREATE INDEX postings_of_account ON mercatrix.postings (account_id, currency);

CREATE TABLE mercatrix.balances (
    account_id   text NOT NULL,
    currency     text NOT NULL,
    amount       numeric(20, 4) NOT NULL DEFAULT 0,
    may_overdraw boolean NOT NULL,
    PRIMARY KEY (account_id, currency),
    -- Carries the account's permission into this row, where a CHECK can see it.
    FOREIGN KEY (account_id, may_overdraw) REFERENCES mercatrix.accounts (id, may_overdraw) ON DELETE CASCADE,
    CONSTRAINT no_overdraft CHECK (may_overdraw OR amount >= 0)
);

-- Everybody who is going to change balances locks them here first. All missing rows are made, then all rows are
-- locked, both in one fixed order: whatever transfers run at the same time, none can wait for another in a circle.
CREATE FUNCTION mercatrix.lock_balances(account_ids text[], currencies text[])
RETURNS SETOF mercatrix.balances LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO mercatrix.balances (account_id, currency, may_overdraw)
    SELECT DISTINCT accounts.id, wanted.currency, accounts.may_overdraw
    FROM unnest(account_ids, currencies) AS wanted (account_id, currency)
    JOIN mercatrix.accounts ON accounts.id = wanted.account_id
    ORDER BY 1, 2
    ON CONFLICT DO NOTHING;

    RETURN QUERY
    SELECT balances.*
    FROM mercatrix.balances
    WHERE (balances.account_id, balances.currency) IN (SELECT * FROM unnest(account_ids, currencies))
    ORDER BY balances.account_id, balances.currency
    FOR UPDATE;
END $$;

-- Refuses postings that do not sum to zero and carries the others into the balances. Whole transactions may be
-- deleted again (test data is); their postings are then taken back the same way.
CREATE FUNCTION mercatrix.book() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sign       integer := CASE TG_OP WHEN 'DELETE' THEN -1 ELSE 1 END;
    unbalanced record;
BEGIN
    SELECT transaction_id, currency, sum(amount) AS total INTO unbalanced
    FROM changed GROUP BY 1, 2 HAVING sum(amount) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the postings of transaction % sum to % % instead of 0',
            unbalanced.transaction_id, unbalanced.total, unbalanced.currency
            USING ERRCODE = 'check_violation', CONSTRAINT = 'postings_sum_to_zero', TABLE = 'postings',
                  HINT = 'write all postings of a transaction in one statement';
    END IF;

    PERFORM mercatrix.lock_balances(array_agg(account_id), array_agg(currency))
    FROM (SELECT DISTINCT account_id, currency FROM changed) AS touched;

    UPDATE mercatrix.balances SET amount = balances.amount + sign * booked.amount
    FROM (SELECT account_id, currency, sum(amount) AS amount FROM changed GROUP BY 1, 2) AS booked
    WHERE balances.account_id = booked.account_id AND balances.currency = booked.currency;
    RETURN NULL;
END $$;

CREATE TRIGGER book_new AFTER INSERT ON mercatrix.postings
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION mercatrix.book();
CREATE TRIGGER book_deleted AFTER DELETE ON mercatrix.postings
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION mercatrix.book();

CREATE FUNCTION mercatrix.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% are never changed; correct them with a further transaction', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER never_changed BEFORE UPDATE ON mercatrix.postings
    FOR EACH STATEMENT EXECUTE FUNCTION mercatrix.refuse_change();
CREATE TRIGGER never_changed BEFORE UPDATE ON mercatrix.transactions
    FOR EACH STATEMENT EXECUTE FUNCTION mercatrix.refuse_change();

CREATE FUNCTION mercatrix.require_postings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM mercatrix.postings WHERE transaction_id = NEW.id) THEN
        RAISE EXCEPTION 'transaction % is completed but has no postings', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'completed_with_postings', TABLE = 'transactions',
                  HINT = 'write the transaction and its postings in one database transaction';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER completed_with_postings AFTER INSERT ON mercatrix.transactions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.status = 'completed')
    EXECUTE FUNCTION mercatrix.require_postings();

-- Wakes whoever waits for a change (kernel.changes), told when the writer commits; the argument is the topic.
CREATE FUNCTION mercatrix.announce() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('changes_mercatrix', TG_ARGV[0]);
    RETURN NULL;
END $$;

CREATE TRIGGER announce AFTER INSERT ON mercatrix.accounts
    FOR EACH STATEMENT EXECUTE FUNCTION mercatrix.announce('accounts');
CREATE TRIGGER announce AFTER UPDATE ON mercatrix.balances
    FOR EACH STATEMENT EXECUTE FUNCTION mercatrix.announce('accounts');
CREATE TRIGGER announce AFTER INSERT ON mercatrix.transactions
    FOR EACH STATEMENT EXECUTE FUNCTION mercatrix.announce('transactions');
