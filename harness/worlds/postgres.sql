-- Why this exists: the database itself knows which tables were written to since its state was kept, and puts back
-- just those, in the server, in one round trip.
--
-- How a change is noticed: every table has a statement trigger that draws from a sequence of its own. Sequences know
-- no transactions, so nobody ever waits for anybody, and a statement that is rolled back costs one needless look.
--
-- How a table is put back: rows written since then are those whose xmin is not older than the oldest transaction that
-- ran when it was kept; they go, and rows of the copy that are missing by primary key come back. Without a primary
-- key everything goes and comes back, and from a table that was empty everything goes. Triggers, foreign keys and rules are off meanwhile (session_replication_role),
-- and writers wait.

CREATE SCHEMA harness_world;

CREATE TABLE harness_world.tables (
    relation oid PRIMARY KEY,
    name text NOT NULL,               -- quoted, with its schema
    mark oid NOT NULL,                -- a sequence, drawn from by each statement that writes
    seen bigint,                      -- what had been drawn when the table was last as it was kept
    holds_rows boolean NOT NULL,      -- not so a partitioned table, whose partitions do
    copy text,                        -- quoted; none of a table that was empty
    columns text NOT NULL,            -- quoted, without generated ones
    same_key text,                    -- joins the table to its copy; none without a primary key
    is_unlogged boolean NOT NULL,     -- a crash of the server empties it, and no trigger tells
    kept_by xid,                      -- the transaction that last put it back
    since xid NOT NULL                -- what ran then or later may have changed it
);

-- Unlogged itself: where its row is gone, so are those of all unlogged tables.
CREATE UNLOGGED TABLE harness_world.canary (sings boolean NOT NULL);
INSERT INTO harness_world.canary VALUES (true);

CREATE TABLE harness_world.large_objects (since xid NOT NULL, ids oid[] NOT NULL);

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

CREATE FUNCTION harness_world.keep_table(relation oid, kind "char") RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text := relation::regclass::text;
    mark text := format('harness_world.mark_%s', relation);
    copy text := format('harness_world.copy_%s', relation);
    columns text;
    same_key text;
    is_filled boolean;
BEGIN
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns
    FROM pg_attribute
    WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped AND attgenerated = '';

    SELECT string_agg(format('kept.%1$I = now.%1$I', attname), ' AND ') INTO same_key
    FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
    WHERE indrelid = relation AND indisprimary AND kind = 'r';

    EXECUTE format('CREATE SEQUENCE %s', mark);
    EXECUTE format(
        'CREATE TRIGGER harness_world AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s '
        'FOR EACH STATEMENT EXECUTE FUNCTION harness_world.mark(%L)', name, mark::regclass::oid);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER harness_world', name);
    EXECUTE format('SELECT EXISTS (SELECT FROM ONLY %s)', name) INTO is_filled;
    IF is_filled THEN
        EXECUTE format('CREATE TABLE %s AS SELECT %s FROM ONLY %s', copy, columns, name);
        EXECUTE format('ANALYZE %s', copy);
    END IF;
    INSERT INTO harness_world.tables VALUES (
        relation, name, mark::regclass, NULL, kind = 'r', CASE WHEN is_filled THEN copy END, columns, same_key,
        (SELECT relpersistence = 'u' FROM pg_class WHERE oid = relation), NULL, harness_world.horizon());
END $$;

-- Keep all tables and sequences as they are. Waits for whoever writes at this moment.
CREATE FUNCTION harness_world.keep() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    own record;
    sequences text;
BEGIN
    FOR own IN
        SELECT pg_class.oid, relkind, format('%I.%I', nspname, relname) AS name
        FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE relkind IN ('r', 'p') AND relpersistence <> 't'
              AND nspname <> 'harness_world' AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\_%'
        ORDER BY pg_class.oid
    LOOP
        EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', own.name);
        PERFORM harness_world.keep_table(own.oid, own.relkind);
    END LOOP;

    SELECT string_agg(format('SELECT %s::oid AS relation, last_value, is_called FROM %I.%I',
                             pg_class.oid, nspname, relname), ' UNION ALL ')
    INTO sequences
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind = 'S' AND relpersistence <> 't' AND nspname <> 'harness_world';
    EXECUTE 'CREATE VIEW harness_world.sequences_now AS ' || coalesce(
        sequences, 'SELECT 0::oid AS relation, 0::bigint AS last_value, false AS is_called WHERE false');
    CREATE TABLE harness_world.sequences AS TABLE harness_world.sequences_now;

    INSERT INTO harness_world.large_objects
    SELECT harness_world.horizon(), array(SELECT oid FROM pg_largeobject_metadata ORDER BY oid);
END $$;

CREATE FUNCTION harness_world.put_back_table(own harness_world.tables) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF own.copy IS NULL THEN
        EXECUTE format('DELETE FROM ONLY %s', own.name);
    ELSIF own.same_key IS NULL THEN
        EXECUTE format('DELETE FROM ONLY %s', own.name);
        EXECUTE format('INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM %3$s',
                       own.name, own.columns, own.copy);
    ELSE
        EXECUTE format('DELETE FROM ONLY %s WHERE age(xmin) <= age($1) AND xmin IS DISTINCT FROM $2', own.name)
        USING own.since, own.kept_by;
        EXECUTE format('INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM %3$s kept '
                       'WHERE NOT EXISTS (SELECT FROM ONLY %1$s now WHERE %4$s)',
                       own.name, own.columns, own.copy, own.same_key);
    END IF;
END $$;

-- Every table that was written to, or whose ancestor was: a statement on a parent marks only the parent.
CREATE VIEW harness_world.written AS
WITH RECURSIVE
    drawn AS (
        SELECT relation FROM harness_world.tables
        WHERE pg_sequence_last_value(mark::regclass) IS DISTINCT FROM seen
              OR (is_unlogged AND NOT EXISTS (SELECT FROM harness_world.canary))),
    lineage AS (
        SELECT relation FROM drawn
        UNION
        SELECT inhrelid FROM lineage JOIN pg_inherits ON inhparent = lineage.relation)
SELECT tables.* FROM harness_world.tables JOIN lineage USING (relation);

-- They lie in a system table, which can have no trigger.
CREATE FUNCTION harness_world.check_large_objects() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    kept harness_world.large_objects;
BEGIN
    SELECT * INTO kept FROM harness_world.large_objects;
    IF kept.ids <> array(SELECT oid FROM pg_largeobject_metadata ORDER BY oid)
       OR EXISTS (SELECT FROM pg_largeobject WHERE age(xmin) <= age(kept.since)) THEN
        RAISE feature_not_supported USING MESSAGE = 'large objects were changed';
    END IF;
END $$;

-- Put back what was written to; the names of those tables and sequences.
-- Raises `feature_not_supported` when the schema or large objects were changed.
CREATE FUNCTION harness_world.reset() RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog SET session_replication_role = replica AS $$
DECLARE
    own harness_world.tables;
    sequence record;
    changes text;
BEGIN
    SELECT string_agg(command || ' ' || object, ', ') INTO changes FROM harness_world.schema_changes;
    IF changes IS NOT NULL THEN
        RAISE feature_not_supported USING MESSAGE = 'the schema was changed: ' || changes;
    END IF;
    PERFORM harness_world.check_large_objects();

    FOR own IN SELECT * FROM harness_world.written ORDER BY relation LOOP
        EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', own.name);
        IF own.holds_rows THEN
            PERFORM harness_world.put_back_table(own);
            RETURN NEXT own.name;
        END IF;
        UPDATE harness_world.tables
        SET seen = pg_sequence_last_value(mark::regclass), kept_by = pg_current_xact_id()::xid,
            since = harness_world.horizon()
        WHERE relation = own.relation;
    END LOOP;

    INSERT INTO harness_world.canary SELECT true WHERE NOT EXISTS (SELECT FROM harness_world.canary);

    FOR sequence IN
        SELECT kept.* FROM harness_world.sequences kept JOIN harness_world.sequences_now now USING (relation)
        WHERE (kept.last_value, kept.is_called) IS DISTINCT FROM (now.last_value, now.is_called)
    LOOP
        PERFORM setval(sequence.relation::regclass, sequence.last_value, sequence.is_called);
        RETURN NEXT sequence.relation::regclass::text;
    END LOOP;
END $$;

CREATE FUNCTION harness_world.note_change() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF TG_EVENT = 'sql_drop' THEN
        INSERT INTO harness_world.schema_changes
        SELECT TG_TAG, object_identity FROM pg_event_trigger_dropped_objects() WHERE original AND NOT is_temporary;
    ELSE
        INSERT INTO harness_world.schema_changes
        SELECT command_tag, object_identity FROM pg_event_trigger_ddl_commands()
        WHERE schema_name IS DISTINCT FROM 'pg_temp';
    END IF;
END $$;

SELECT harness_world.keep();

CREATE EVENT TRIGGER harness_world_changes ON ddl_command_end EXECUTE FUNCTION harness_world.note_change();
CREATE EVENT TRIGGER harness_world_drops ON sql_drop EXECUTE FUNCTION harness_world.note_change();
