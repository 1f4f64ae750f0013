-- maintain: what has to go on whoever is there: nodes that went away lose their tasks to others,
-- what waited for a time becomes ready, what is due of schedules is made, what ended is cleared
-- away.
--
-- Somebody has to call it about once a second; only one works at a time. The others return at once,
-- and so does whoever comes within half a second after a pass that left nothing to do: a node that
-- sees so may leave it to that one, and ask is_unmaintained() with each heartbeat. Each pass is
-- bounded, so a backlog takes several.
--
-- Arguments  at_once: however short a time ago the last pass was.
-- Returns   what it did; no row where another session is at it, or was just now.
--   nodes_ended    nodes whose lease ran out. tasks_returned: what they held.
--   tasks_due      tasks whose time has come.
--   is_behind      there is more to do than one pass may.
-- Raises    BT006 the transaction's snapshot is fixed. BT009 see require_rows().
-- Locks     the turn 'maintenance', until the transaction ends: call it alone in one. It ends a
--           session that then hangs, after a minute.
-- Tables    node: update. maintenance: read, update. turn: read. task_claim: see hand_back_lost().
--           task_due: see ready_due(). task_floor: see raise_floors(). node_asleep: see
--           forget_sleepers(). task_recall: see clear_recalls(). task_key: see clear_keys(). The
--           lanes: see maintain_lanes(). task: see forget_history(). task_set: see
--           maintain_task_sets(). task_expiry: see expire_tasks(). What waits for others: see
--           maintain_children(). Who sleeps: see ring_for_waiting(). Workflows: see
--           maintain_workflows(). task_callback: see expire_callbacks(). Statistics: see
--           keep_statistics(). schedule: see fire_schedules(). subscription_backfill: see
--           backfill_tasks(). The log: see drop_event_partition(). follower: see
--           forget_followers(). bookmark: see cut_bookmarks(). tenant_bound: see
--           forget_bindings().
-- Cost      within that half second, of a look at one row, without a lock or a write. A pass: of
--           what it finds to do, and of raise_floors().
-- Access: node, orchestrate
create or replace function maintain(at_once boolean default false)
returns table (
    nodes_ended integer, tasks_returned integer, tasks_due integer, is_behind boolean)
language plpgsql
volatile
security definer
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    pass_limit constant integer := 1000;
begin
    perform require_read_committed('maintain');
    -- A clock that was set back leaves a pass in the future, which is not just now.
    if maintain.at_once is not true
       and exists (select from maintenance m
                    where m.only_row and not m.is_behind
                      and m.passed_at between clock_timestamp() - interval '0.5 s'
                                          and clock_timestamp())
    then
        return;
    end if;
    perform from turn where name = 'maintenance' for update skip locked;
    if not found then
        perform require_rows();
        return;
    end if;
    perform pg_catalog.set_config('idle_in_transaction_session_timeout', '60000', true);
    if drop_event_partition(maintain.at_once is true) then
        return query select 0, 0, 0, true;
        return;
    end if;

    update node n
       set ended_at = clock_timestamp()
     where n.ended_at is null and n.alive_at + n.lease <= clock_timestamp();
    get diagnostics nodes_ended = row_count;
    tasks_returned := hand_back_lost(pass_limit);
    tasks_due := ready_due(pass_limit);
    is_behind := greatest(tasks_returned >= pass_limit or tasks_due >= pass_limit,
                          maintain_children(pass_limit), expire_tasks(pass_limit));
    is_behind := greatest(maintain_task_sets(), fire_schedules(pass_limit),
                          backfill_tasks(5 * pass_limit), maintain_workflows(200),
                          expire_callbacks(pass_limit), is_behind);
    perform clear_claims(10 * pass_limit), clear_keys(pass_limit);
    is_behind := greatest(keep_statistics(maintain.at_once), is_behind);
    perform raise_floors(), end_long_runs(pass_limit), forget_bindings();
    perform clear_recalls(), forget_sleepers(), forget_followers(), cut_bookmarks();
    perform forget_history(maintain.at_once);
    perform maintain_lanes(pass_limit), ring_for_waiting();
    update maintenance
       set passed_at = clock_timestamp(), is_behind = maintain.is_behind
     where only_row;
    return next;
end;
$$;
