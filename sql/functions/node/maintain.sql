-- maintain: what has to go on whoever is there: nodes that went away lose their tasks to others,
-- what waited for a time becomes ready, what ended is cleared away.
--
-- The leader and every node call it about once a second; only one works at a time, the others
-- return at once. Each pass is bounded, so a backlog takes several.
--
-- Returns   what it did: null where another session is at it.
--   nodes_ended    nodes whose lease ran out. tasks_returned: what they held.
--   tasks_due      tasks whose time has come.
--   is_behind      there is more to do than one pass may.
-- Raises    BT006 the transaction's snapshot is fixed. BT009 see require_rows().
-- Locks     the turn 'maintenance', until the transaction ends: call it alone in one. It ends a
--           session that then hangs, after a minute.
-- Tables    node: update, delete. maintenance: update. turn, task_claim: read. task_failure,
--           task_end, task_ready: see hand_back(). task_due: see ready_due(). task_floor: see
--           raise_floors().
-- Access: node, orchestrate
create or replace function maintain()
returns table (
    nodes_ended integer, tasks_returned integer, tasks_due integer, is_behind boolean)
language plpgsql
volatile
security definer
set search_path from current
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    pass_limit constant integer := 1000;
    lost       bigint;
begin
    perform require_read_committed('maintain');
    perform from turn where name = 'maintenance' for update skip locked;
    if not found then
        perform require_rows();
        return;
    end if;
    perform pg_catalog.set_config('idle_in_transaction_session_timeout', '60000', true);

    update node n
       set ended_at = clock_timestamp()
     where n.ended_at is null and n.alive_at + n.lease <= clock_timestamp();
    get diagnostics nodes_ended = row_count;
    tasks_returned := 0;
    is_behind := false;
    for lost in
        select c.id
          from task_claim c
          join node n on n.id = c.node
         where n.ended_at is not null
         order by c.id
         limit pass_limit
           for update of c skip locked
    loop
        tasks_returned := tasks_returned + hand_back(lost, true);
        is_behind := is_behind or tasks_returned >= pass_limit;
        exit when is_behind;
    end loop;

    tasks_due := ready_due(pass_limit);
    is_behind := is_behind or tasks_due >= pass_limit;

    perform clear_claims(10 * pass_limit);
    perform raise_floors();
    delete from node n
     where n.ended_at < clock_timestamp() - interval '1 hour'
       and not exists (select from task_claim c where c.node = n.id);
    update maintenance set passed_at = clock_timestamp() where only_row;
    return next;
end;
$$;
