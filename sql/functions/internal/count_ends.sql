-- count_ends: count what was noted one by one: tasks that were cancelled or replaced, and events
-- that views could not fold. Internal: keep_statistics(). The caller has the turn 'maintenance'.
--
-- What was counted is deleted, in the same transaction. It begins above the notes that are gone
-- for certain, so that those which an old snapshot keeps cost nothing: up to note_floor no note can
-- come any more, because all transactions that may have drawn such an id have ended.
--
-- Arguments   at_most: how many.
-- Returns     how many it counted.
-- Tables      statistic_end: read, delete. statistic_progress: read, update. task, requirement:
--             read. statistic: see add_statistics().
create or replace function count_ends(at_most integer)
returns integer
language plpgsql
volatile
set search_path from current
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    progress statistic_progress;
    counted  statistic[];
    ends     integer;
    is_settled boolean;
    drawn    constant bigint := coalesce(pg_catalog.pg_sequence_last_value(
        pg_get_serial_sequence('statistic_end', 'id')::regclass), 0);
begin
    select p.* into strict progress from statistic_progress p where p.only_row;
    if progress.note_floor >= drawn then
        return 0;
    end if;
    -- Asked before the look: what is committed in between is not seen by it.
    is_settled := pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())
        >= progress.ended_before;
    with gone as (
        delete from statistic_end e
         where e.id = any (array(
            select n.id from statistic_end n
             where n.id > progress.note_floor
             order by n.id
             limit count_ends.at_most))
        returning e.*
    ), known as (
        select g.subject, pg_catalog.date_trunc('minute', g.ended_at) as bucket_at,
               coalesce(g.name, r.handler) as name, coalesce(g.version, r.version) as version,
               coalesce(t.tenant, '') as tenant, count(*) as ends
          from gone g
          left join lateral (
            select t.requirement, t.tenant from task t where t.id = g.task limit 1) as t on true
          left join requirement r on r.id = t.requirement
         group by 1, 2, 3, 4, 5
    )
    select pg_catalog.array_agg(row(
               k.subject, false, k.bucket_at, k.name, coalesce(k.version, 0), k.tenant, 0, 0, 0, 0,
               case when k.subject = 'view' then k.ends else 0 end,
               case when k.subject = 'view' then 0 else k.ends end,
               '{}'::bigint[], '{}'::bigint[])::statistic),
           coalesce(sum(k.ends), 0)
      into counted, ends
      from known k;
    perform add_statistics(coalesce(counted, '{}'));

    if progress.note_ending > 0 and progress.ended_before = '0' then
        -- This transaction began after note_ending was drawn. (The end of a snapshot did not: what
        -- runs may be beyond it.)
        update statistic_progress set ended_before = pg_current_xact_id() where only_row;
    elsif is_settled and ends < count_ends.at_most then
        update statistic_progress
           set note_floor = note_ending, note_ending = drawn, ended_before = '0'
         where only_row;
    end if;
    return ends;
end;
$$;
