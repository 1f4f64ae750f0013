-- settle_key: make room for a task that has a unique key, or say which one stands in its way.
-- Internal: enqueue_apart(), which makes the task, and gives it the key.
--
-- Arguments   handler, tenant, key: which, see lock_key(). on_conflict: 'skip' or 'replace';
--             run_at, every: see enqueue().
-- Returns     one row. standing: the task that there is, where none is to be made. follows: the one
--             that has to end before the new one may begin; null for none. since: when the first of
--             those was made whose place the new one takes; null for none. free_at: before that the
--             new one may not begin, of those that came every so often; null: at any time.
-- Raises      BT042 the key or on_conflict is not as it must be. BT006 the transaction's snapshot
--             is fixed.
-- Locks       the key: see lock_key(). The task that it replaces: see pull_task().
-- Tables      task_end, statistic_end: insert. task_key: see lock_key(). task_ready, task_due: see
--             pull_task(). The lane of what it replaces: see leave_lanes().
create or replace function settle_key(
    handler text, tenant text, key text, on_conflict text, run_at timestamptz, every interval)
returns table (standing bigint, follows bigint, since timestamptz, free_at timestamptz)
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    held    record;
    newest  bigint;
    former  record;
begin
    if octet_length(settle_key.key) between 1 and 512 is not true
       or settle_key.on_conflict in ('skip', 'replace') is not true
    then
        raise exception 'a unique key has 1 to 512 bytes, and on_conflict is skip or replace, not '
            '% and %',
            octet_length(settle_key.key), coalesce(settle_key.on_conflict, 'null')
            using errcode = 'BT042';
    end if;
    perform require_read_committed('enqueue with a unique key');
    loop
        select k.* into strict held 
          from lock_key(settle_key.handler, settle_key.tenant, settle_key.key) as k;
        newest := coalesce(held.next, held.task);
        if newest is null and settle_key.on_conflict = 'skip' and settle_key.every is not null
           and coalesce(settle_key.run_at, clock_timestamp()) < held.free_at
        then
            newest := held.last;
        end if;
        if newest is null or settle_key.on_conflict = 'skip' then
            return query select newest, null::bigint, null::timestamptz, held.free_at;
            return;
        end if;
        select p.* into strict former
          from pull_task(newest, array['waiting', 'due', 'following']) as p;
        if former.is_pulled then
            insert into task_end (task, outcome, attempts, reason)
            values (newest, 'replaced', former.attempts,
                    'replaced by a task with the same unique key');
            insert into statistic_end (task) values (newest);
            perform leave_lanes(array[newest], false);
            -- What was handed out has used its time.
            return query select null::bigint, case when held.next is not null then held.task end,
                                held.since, case when former.deliveries > 0 then held.free_at
                                                 else held.former_free_at end;
            return;
        elsif former.state = 'claimed' then
            return query select null::bigint, newest, null::timestamptz, held.free_at;
            return;
        end if;
        -- It ended just now: there is room, or is for the one that it followed.
    end loop;
end;
$$;
