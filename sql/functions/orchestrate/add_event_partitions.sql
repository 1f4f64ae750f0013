-- add_event_partitions: have partitions of event for the next ids, well before they are needed.
-- Internal, for the leader.
--
-- A partition is attached rather than created in place, because ATTACH lets writers go on. Ids that
-- the default partition took, because dispatch was faster than we were, stay there: the new
-- partition starts above them.
--
-- ATTACH looks through the default partition for rows of the new one, under a lock that keeps
-- everybody out, unless a check constraint rules them out. That is nothing where it is empty, as it
-- should be. Where it holds many rows it gets a constraint that it has no id of the next partition,
-- in steps, each a call, and so a transaction, of its own: added without a look; checked beside
-- readers and writers; relied on. Until then an insert with such an id would fail, so the range
-- begins a whole partition's length above all ids that were drawn.
--
-- Arguments   rows: how many ids a partition holds; null: as log_retention says. scan_max: how many
--             rows of the default partition ATTACH may look through.
-- Returns     how many partitions were added.
-- Locks       share update exclusive on event, so that callers take turns; access exclusive on the
--             default partition; waits for them no longer than lock_timeout, and can be tried
--             again (55P03).
-- Tables      event: attach. event_default: read, constraint. event_partition, log_retention: read.
-- Access: orchestrate
create or replace function add_event_partitions(
    rows     bigint  default null,
    scan_max integer default 100000
)
returns integer
language plpgsql
volatile
security definer
set search_path from current
set lock_timeout = '50ms'
as $$
declare
    top_id    bigint;
    first_id  bigint;
    upper_id  bigint;
    is_large  boolean;
    apart     record;
    partition text;
    added     integer := 0;
begin
    rows := coalesce(rows, (select r.partition_rows from log_retention r where r.only_row));
    select coalesce(max(p.upper_id), 1) into top_id from event_partition p;
    if top_id > event_id_value() + rows then
        return 0;
    end if;
    lock table event in share update exclusive mode;
    loop
        select coalesce(max(p.upper_id), 1) into top_id from event_partition p;
        exit when top_id > event_id_value() + rows;

        select c.conname, c.convalidated,
               (pg_catalog.regexp_match(
                    c.conname, '^apart_from_([0-9]+)_to_([0-9]+)$'))::bigint[] as ids
          into apart
          from pg_constraint c
         where c.conrelid = 'event_default'::regclass and c.conname ^@ 'apart_from_';
        if apart.conname is not null and not apart.convalidated then
            execute pg_catalog.format('alter table event_default validate constraint %I',
                apart.conname);
            exit;
        end if;

        -- Locked before we look, so that nobody puts more into it between that and the ATTACH.
        lock table event_default in access exclusive mode;
        -- Near the edge the new partition begins well above: a statement that runs now does not
        -- know it, and would fail if it reached its ids. Near is half of a partition: who calls in
        -- time comes a whole one before the edge, and writers draw many ids while we wait.
        is_large := (select count(*) from (select from event_default limit scan_max + 1) as d)
                    > scan_max;
        first_id := top_id;
        if is_large or event_id_value() > 0 and event_id_value() + rows / 2 >= top_id then
            first_id := greatest(top_id, event_id_value() + 1 + rows);
        end if;
        upper_id := first_id + rows;
        if apart.conname is not null then
            first_id := apart.ids[1];
            upper_id := apart.ids[2];
        elsif is_large then
            execute pg_catalog.format('alter table event_default add constraint %I check '
                '(id < %s or id >= %s) not valid',
                pg_catalog.format('apart_from_%s_to_%s', first_id, upper_id), first_id, upper_id);
            exit;
        end if;

        partition := 'event_from_' || first_id::text;
        execute pg_catalog.format(
            'create table %I (like event including defaults including constraints)', partition);
        -- Else a column of such rows, in anybody's table, would keep it from being dropped.
        execute pg_catalog.format('revoke all on type %I from public', partition);
        execute pg_catalog.format(
            'alter table event attach partition %I for values from (%s) to (%s)',
            partition, first_id, upper_id);
        if apart.conname is not null then
            execute pg_catalog.format('alter table event_default drop constraint %I',
                apart.conname);
        end if;
        added := added + 1;
    end loop;
    return added;
end;
$$;
