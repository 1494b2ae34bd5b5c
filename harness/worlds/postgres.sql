-- Why this exists: the database itself knows which tables were written to since a snapshot of it was taken, and puts
-- back just those, in the server, in one round trip.
--
-- How a change is noticed: every table has a statement trigger that draws from a sequence of its own. Sequences know
-- no transactions, so nobody ever waits for anybody, and a statement that is rolled back costs one needless look.
--
-- How a table is put back: rows written since then are those whose xmin is not older than the oldest transaction that
-- ran when it was kept; they go, and rows of the copy that are missing by primary key come back. Without a primary
-- key everything goes and comes back, and from a table that was empty everything goes. Writers wait meanwhile.
--
-- To be called by a session whose session_replication_role is `replica`: triggers, foreign keys and rules are off in it.
-- To set it in the functions would make the server forget all plans with every call.
--
-- Snapshots share copies: a table that was not written to since another one was taken is not copied again.
--
-- What each reset runs is written in plpgsql, also where sql would do: it plans a statement once in a session, sql in
-- every transaction unless the function dissolves in the query around it.

CREATE SCHEMA harness_world;

CREATE TABLE harness_world.tables (
    relation oid PRIMARY KEY,
    name text NOT NULL,               -- quoted, with its schema
    mark oid NOT NULL,                -- a sequence, drawn from by each statement that writes
    holds_rows boolean NOT NULL,      -- not so a partitioned table, whose partitions do
    columns text NOT NULL,            -- quoted, without generated ones; empty where there is no other
    same_key text,                    -- joins the table to a copy; none without a primary key
    is_unlogged boolean NOT NULL      -- a crash of the server empties it, and no trigger tells
);

CREATE TABLE harness_world.kept_tables (
    snapshot text,
    relation oid,
    seen bigint,                      -- what had been drawn when the table was last as it was kept
    copy text,                        -- a table, and a function that puts back from it; none of a table that was empty
    since xid NOT NULL,               -- what ran then or later may have changed it
    put_back_by xid,                  -- the transaction that last put it back
    PRIMARY KEY (snapshot, relation)
);

CREATE TABLE harness_world.kept_sequences (
    snapshot text, relation oid, last_value bigint NOT NULL, is_called boolean NOT NULL, PRIMARY KEY (snapshot, relation)
);

CREATE TABLE harness_world.snapshots (
    name text PRIMARY KEY,
    large_objects text NOT NULL,
    roles text[] NOT NULL,
    advisory_locks text[] NOT NULL    -- that services hold or wait for all the time
);

CREATE SEQUENCE harness_world.copies;

-- Unlogged itself: where its row is gone, so are those of all unlogged tables.
CREATE UNLOGGED TABLE harness_world.canary (sings boolean NOT NULL);
INSERT INTO harness_world.canary VALUES (true);

CREATE TABLE harness_world.schema_changes (command text NOT NULL, object text NOT NULL);

CREATE FUNCTION harness_world.mark() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    PERFORM nextval(TG_ARGV[0]::oid::regclass);
    RETURN NULL;
END $$;

-- Ids of what ran at this moment or will run later are not older than this one.
CREATE FUNCTION harness_world.horizon() RETURNS xid LANGUAGE sql AS
$$ SELECT pg_snapshot_xmin(pg_current_snapshot())::text::xid $$;

CREATE FUNCTION harness_world.watch_table(relation oid, kind "char", is_unlogged boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    name text := relation::regclass::text;
    mark text := format('harness_world.mark_%s', relation);
    columns text;
    same_key text;
BEGIN
    SELECT coalesce(string_agg(quote_ident(attname), ', ' ORDER BY attnum), '') INTO columns
    FROM pg_attribute
    WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped AND attgenerated = '';

    SELECT CASE WHEN bool_and(attgenerated = '') THEN string_agg(format('kept.%1$I = now.%1$I', attname), ' AND ') END
    INTO same_key
    FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY ((indkey::int2[])[0:indnkeyatts - 1])
    WHERE indrelid = relation AND indisprimary AND kind = 'r';

    EXECUTE format('CREATE SEQUENCE %s', mark);
    EXECUTE format(
        'CREATE TRIGGER harness_world AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s '
        'FOR EACH STATEMENT EXECUTE FUNCTION harness_world.mark(%L)', name, mark::regclass::oid);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER harness_world', name);
    INSERT INTO harness_world.tables VALUES (
        relation, name, mark::regclass, kind = 'r', columns, same_key, is_unlogged);
END $$;

CREATE FUNCTION harness_world.watch() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    sequences text;
    sequence regclass;
    always text;
BEGIN
    SELECT string_agg(format('%I on %s', name, relation::regclass), ', ') INTO always
    FROM (SELECT tgname, tgrelid, tgenabled FROM pg_trigger WHERE NOT tgisinternal
          UNION ALL SELECT rulename, ev_class, ev_enabled FROM pg_rewrite) acting (name, relation, enabled)
    WHERE enabled IN ('A', 'R');
    IF always IS NOT NULL THEN
        RAISE feature_not_supported USING MESSAGE =
            'a trigger or rule would act on rows that are put back (ENABLE ALWAYS): ' || always;
    END IF;
    PERFORM harness_world.watch_table(pg_class.oid, relkind, relpersistence = 'u')
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind IN ('r', 'p') AND relpersistence <> 't'
          AND nspname <> 'harness_world' AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\_%';

    -- What a connection has drawn ahead nobody could take back: it would draw what others have drawn since.
    FOR sequence IN
        SELECT seqrelid FROM pg_sequence JOIN pg_class ON oid = seqrelid WHERE seqcache > 1 AND relpersistence <> 't'
    LOOP
        EXECUTE format('ALTER SEQUENCE %s CACHE 1', sequence);
    END LOOP;

    SELECT string_agg(format('SELECT %s::oid AS relation, last_value, is_called FROM %I.%I',
                             pg_class.oid, nspname, relname), ' UNION ALL ')
    INTO sequences
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind = 'S' AND relpersistence <> 't' AND nspname <> 'harness_world';
    EXECUTE 'CREATE VIEW harness_world.sequences AS ' || coalesce(
        sequences, 'SELECT 0::oid AS relation, 0::bigint AS last_value, false AS is_called WHERE false');
END $$;

-- The body of the function that puts a table back from a copy. Its arguments: the age of the oldest row that may have
-- been written, and the transaction that last put the table back. Columns may be called as variables of plpgsql are.
CREATE FUNCTION harness_world.way_back(own harness_world.tables, copy text) RETURNS text LANGUAGE sql AS $$
    SELECT format(
        '#variable_conflict use_column
        BEGIN
            DELETE FROM ONLY %1$s %2$s;
            INSERT INTO %1$s %3$s OVERRIDING SYSTEM VALUE SELECT %4$s FROM %5$s kept %6$s;
        END',
        own.name,
        CASE WHEN own.same_key IS NOT NULL THEN 'WHERE age(xmin) <= $1 AND xmin IS DISTINCT FROM $2' END,
        CASE WHEN own.columns <> '' THEN format('(%s)', own.columns) END,
        own.columns,
        copy,
        format('WHERE NOT EXISTS (SELECT FROM ONLY %s now WHERE ', own.name) || own.same_key || ')')
$$;

CREATE FUNCTION harness_world.copy_table(wanted text, own harness_world.tables) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    is_filled boolean;
    copy text;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM ONLY %s)', own.name) INTO is_filled;
    IF is_filled THEN
        copy := format('harness_world.copy_%s', nextval('harness_world.copies'));
        EXECUTE format('CREATE TABLE %s AS SELECT %s FROM ONLY %s', copy, own.columns, own.name);
        EXECUTE format('CREATE FUNCTION %s(int, xid) RETURNS void LANGUAGE plpgsql AS %L',
                       copy, harness_world.way_back(own, copy));
    END IF;
    INSERT INTO harness_world.kept_tables VALUES (
        wanted, own.relation, pg_sequence_last_value(own.mark::regclass), copy, harness_world.horizon(), NULL);
END $$;

CREATE FUNCTION harness_world.drop_unused_copies() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    unused text;
BEGIN
    FOR unused IN
        SELECT pg_class.oid::regclass::text
        FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE nspname = 'harness_world' AND relkind = 'r' AND relname LIKE 'copy\_%'
              AND format('harness_world.%s', relname) NOT IN
                  (SELECT copy FROM harness_world.kept_tables WHERE copy IS NOT NULL)
    LOOP
        EXECUTE format('DROP TABLE %s', unused);
        EXECUTE format('DROP FUNCTION %s', unused);
    END LOOP;
END $$;

-- Keep all tables and sequences as they are, in place of what was kept under that name. Waits for whoever writes at
-- this moment. Raises `feature_not_supported` when the schema was changed.
CREATE FUNCTION harness_world.keep(wanted text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    own harness_world.tables;
    other text;
BEGIN
    PERFORM harness_world.check_schema();
    PERFORM harness_world.wait_for_prepared();
    FOR own IN SELECT * FROM harness_world.tables ORDER BY relation LOOP
        EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', own.name);
    END LOOP;
    DELETE FROM harness_world.kept_tables
    WHERE snapshot = wanted AND relation IN (SELECT relation FROM harness_world.written(wanted));
    DELETE FROM harness_world.kept_sequences WHERE snapshot = wanted;
    DELETE FROM harness_world.snapshots WHERE name = wanted;

    FOR other IN SELECT name FROM harness_world.snapshots LOOP
        INSERT INTO harness_world.kept_tables
        SELECT wanted, relation, seen, copy, since, put_back_by FROM harness_world.kept_tables
        WHERE snapshot = other AND relation NOT IN (SELECT relation FROM harness_world.written(other))
        ON CONFLICT DO NOTHING;
    END LOOP;
    PERFORM harness_world.copy_table(wanted, tables) FROM harness_world.tables
    WHERE relation NOT IN (SELECT relation FROM harness_world.kept_tables WHERE snapshot = wanted);

    INSERT INTO harness_world.kept_sequences SELECT wanted, * FROM harness_world.sequences;
    INSERT INTO harness_world.snapshots VALUES (
        wanted, harness_world.large_objects(), ARRAY(SELECT role FROM harness_world.roles ORDER BY role),
        ARRAY(SELECT lock FROM harness_world.advisory_locks));
    PERFORM harness_world.drop_unused_copies();
END $$;

-- Every table that was written to, or whose ancestor was: a statement on a parent marks only the parent.
CREATE FUNCTION harness_world.written(wanted text) RETURNS SETOF harness_world.kept_tables LANGUAGE sql STABLE AS $$
    WITH RECURSIVE
        drawn AS (
            SELECT relation FROM harness_world.tables JOIN harness_world.kept_tables USING (relation)
            WHERE snapshot = wanted
                  AND (pg_sequence_last_value(mark::regclass) IS DISTINCT FROM seen
                       OR (is_unlogged AND NOT EXISTS (SELECT FROM harness_world.canary)))),
        lineage AS (
            SELECT relation FROM drawn
            UNION
            SELECT inhrelid FROM lineage JOIN pg_inherits ON inhparent = lineage.relation)
    SELECT kept_tables.* FROM harness_world.kept_tables JOIN lineage USING (relation) WHERE snapshot = wanted
$$;

CREATE FUNCTION harness_world.drawn_sequences(wanted text) RETURNS SETOF harness_world.kept_sequences
LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
        SELECT was.* FROM harness_world.kept_sequences was JOIN harness_world.sequences now USING (relation)
        WHERE snapshot = wanted AND (was.last_value, was.is_called) IS DISTINCT FROM (now.last_value, now.is_called);
END $$;

CREATE FUNCTION harness_world.check_schema() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    changes text;
BEGIN
    SELECT string_agg(command || ' ' || object, ', ') INTO changes FROM harness_world.schema_changes;
    IF changes IS NOT NULL THEN
        RAISE feature_not_supported USING MESSAGE = 'the schema was changed: ' || changes;
    END IF;
END $$;

-- Who there is in the server, and what roles and databases are set to: no event trigger tells of those. In the first
-- line of each its name. Passwords are not among it: a copy of the server has others.
CREATE VIEW harness_world.roles AS
SELECT E'role ' || rolname || E'\n' || known::text AS role FROM
    (SELECT oid, rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolconnlimit,
            rolvaliduntil, rolbypassrls FROM pg_roles) known
UNION ALL
SELECT format(E'%s of %s\n%s', roleid::regrole, member::regrole, pg_auth_members) FROM pg_auth_members
UNION ALL
SELECT 'settings of '
           || concat_ws(' in ', 'role ' || nullif(setrole, 0)::regrole,
                        'database ' || (SELECT datname FROM pg_database WHERE oid = setdatabase))
           || E'\n' || setconfig::text
FROM pg_db_role_setting;

CREATE FUNCTION harness_world.check_roles(wanted text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    kept text[] := (SELECT roles FROM harness_world.snapshots WHERE name = wanted);
    now text[] := ARRAY(SELECT role FROM harness_world.roles ORDER BY role);
BEGIN
    IF now <> kept THEN
        RAISE feature_not_supported USING MESSAGE = 'roles, or what they or a database are set to, were changed: ' || (
            SELECT string_agg(DISTINCT split_part(role, E'\n', 1), ', ') FROM (
                (SELECT unnest(now) EXCEPT SELECT unnest(kept)) UNION (SELECT unnest(kept) EXCEPT SELECT unnest(now))
            ) changed (role));
    END IF;
END $$;

-- All of them in one word. They lie in system tables, which can have no trigger.
CREATE FUNCTION harness_world.large_objects() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN md5(concat(
        (SELECT string_agg(oid::text, ',' ORDER BY oid) FROM pg_largeobject_metadata), ' ',
        (SELECT string_agg(format('%s.%s.%s', loid, pageno, md5(data)), ',' ORDER BY loid, pageno) FROM pg_largeobject)));
END $$;

-- Who has a lock is no part of it: a service that takes over from another one takes its lock. Keys are told as they
-- were given: one bigint, or two integers.
CREATE VIEW harness_world.advisory_locks AS
SELECT pid, mode || ' ' || CASE objsubid
           WHEN 1 THEN ((classid::bigint << 32) | objid::bigint)::text
           ELSE format('(%s, %s)', classid::bigint::bit(32)::int, objid::bigint::bit(32)::int) END AS lock
FROM pg_locks
WHERE locktype = 'advisory' AND pid <> pg_backend_pid()
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database());

CREATE VIEW harness_world.prepared AS
SELECT gid, prepared, owner FROM pg_prepared_xacts WHERE database = current_database();

CREATE FUNCTION harness_world.foreign_locks(wanted text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT lock FROM harness_world.advisory_locks
    EXCEPT ALL
    SELECT unnest(advisory_locks) FROM harness_world.snapshots WHERE name = wanted
$$;

-- Waiting is over when it is for a lock of a table; the server tells nobody when one of these goes.
CREATE FUNCTION harness_world.is_over(since timestamptz) RETURNS boolean LANGUAGE sql AS $$
    SELECT pg_sleep(0.01);
    SELECT clock_timestamp() > since + current_setting('lock_timeout')::interval
$$;

-- Raises `object_in_use` for a transaction that is prepared and neither committed nor rolled back.
CREATE FUNCTION harness_world.wait_for_prepared() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    since timestamptz := clock_timestamp();
BEGIN
    WHILE EXISTS (SELECT FROM harness_world.prepared) LOOP
        IF harness_world.is_over(since) THEN
            RAISE object_in_use USING
                MESSAGE = 'a prepared transaction is neither committed nor rolled back',
                DETAIL = (SELECT string_agg(format('%s, prepared by %s at %s', gid, owner, prepared), E'\n')
                          FROM harness_world.prepared),
                HINT = 'COMMIT PREPARED or ROLLBACK PREPARED it before the test ends';
        END IF;
    END LOOP;
END $$;

-- Who holds such locks, and from where it is connected; nowhere for one without TCP.
CREATE FUNCTION harness_world.holders(wanted text) RETURNS TABLE (lock text, host text, port int, told text)
LANGUAGE sql STABLE AS $$
    SELECT lock, host(client_addr), client_port,
           format('%s: pid %s %s (%s): %s', lock, pid, application_name, state,
                  regexp_replace(left(query, 200), '\s+', ' ', 'g'))
    FROM harness_world.advisory_locks LEFT JOIN pg_stat_activity USING (pid)
    WHERE lock IN (SELECT harness_world.foreign_locks(wanted))
$$;

-- These locks are components': from now on they may be held.
CREATE FUNCTION harness_world.tolerate(locks text[]) RETURNS void LANGUAGE sql AS
$$ UPDATE harness_world.snapshots SET advisory_locks = advisory_locks || locks $$;

-- Put back what was written to; the names of those tables and sequences.
-- Raises `feature_not_supported` when the schema, roles or large objects were changed, `object_in_use` for a prepared
-- transaction, HW001 when an advisory lock is held that was not held when it was kept.
CREATE FUNCTION harness_world.reset(wanted text) RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    own harness_world.tables;
    kept harness_world.kept_tables;
    sequence record;
BEGIN
    PERFORM harness_world.check_schema();
    PERFORM harness_world.check_roles(wanted);
    IF harness_world.large_objects() <> (SELECT large_objects FROM harness_world.snapshots WHERE name = wanted) THEN
        RAISE feature_not_supported USING MESSAGE = 'large objects were changed';
    END IF;
    PERFORM harness_world.wait_for_prepared();
    IF EXISTS (SELECT FROM harness_world.foreign_locks(wanted)) THEN
        RAISE 'an advisory lock is held that was not held when the state was kept' USING ERRCODE = 'HW001';
    END IF;

    FOR kept IN SELECT * FROM harness_world.written(wanted) ORDER BY relation LOOP
        SELECT * INTO own FROM harness_world.tables WHERE relation = kept.relation;
        EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', own.name);
        IF own.holds_rows THEN
            IF kept.copy IS NULL THEN
                EXECUTE format('DELETE FROM ONLY %s', own.name);
            ELSE
                EXECUTE format('SELECT %s($1, $2)', kept.copy) USING age(kept.since), kept.put_back_by;
            END IF;
            RETURN NEXT own.name;
        END IF;
        UPDATE harness_world.kept_tables
        SET seen = pg_sequence_last_value(own.mark::regclass), put_back_by = pg_current_xact_id()::xid,
            since = harness_world.horizon()
        WHERE snapshot = wanted AND relation = kept.relation;
    END LOOP;

    INSERT INTO harness_world.canary SELECT true WHERE NOT EXISTS (SELECT FROM harness_world.canary);

    FOR sequence IN
        SELECT * FROM harness_world.drawn_sequences(wanted)
    LOOP
        PERFORM setval(sequence.relation::regclass, sequence.last_value, sequence.is_called);
        RETURN NEXT sequence.relation::regclass::text;
    END LOOP;
END $$;

-- The tables and sequences that are not as they were kept, by their content alone: no mark and no xmin is looked at.
CREATE FUNCTION harness_world.differences(wanted text) RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    name text;
    rows_now text;
    rows_then text;
    is_different boolean;
BEGIN
    FOR name, rows_now, rows_then IN
        SELECT tables.name, format('SELECT row(%s)::text FROM ONLY %s', columns, tables.name),
               CASE WHEN copy IS NULL THEN 'SELECT NULL WHERE false'
                    ELSE format('SELECT row(%s)::text FROM %s', columns, copy) END
        FROM harness_world.tables JOIN harness_world.kept_tables USING (relation)
        WHERE snapshot = wanted AND holds_rows ORDER BY relation
    LOOP
        EXECUTE format('SELECT EXISTS ((%1$s EXCEPT ALL %2$s) UNION ALL (%2$s EXCEPT ALL %1$s))', rows_now, rows_then)
        INTO is_different;
        IF is_different THEN
            RETURN NEXT name;
        END IF;
    END LOOP;
    RETURN QUERY SELECT relation::regclass::text FROM harness_world.drawn_sequences(wanted);
END $$;

CREATE FUNCTION harness_world.note_change() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF TG_EVENT = 'sql_drop' THEN
        INSERT INTO harness_world.schema_changes
        SELECT TG_TAG, object_identity FROM pg_event_trigger_dropped_objects()
        WHERE original AND NOT is_temporary AND schema_name IS DISTINCT FROM 'harness_world';
    ELSE
        INSERT INTO harness_world.schema_changes
        SELECT command_tag, object_identity FROM pg_event_trigger_ddl_commands()
        WHERE coalesce(schema_name, '') NOT IN ('pg_temp', 'harness_world');
    END IF;
END $$;

SELECT harness_world.watch();

CREATE EVENT TRIGGER harness_world_changes ON ddl_command_end EXECUTE FUNCTION harness_world.note_change();
CREATE EVENT TRIGGER harness_world_drops ON sql_drop EXECUTE FUNCTION harness_world.note_change();

-- Also in a session whose session_replication_role is `replica`, which a test may set as we do.
ALTER EVENT TRIGGER harness_world_changes ENABLE ALWAYS;
ALTER EVENT TRIGGER harness_world_drops ENABLE ALWAYS;
