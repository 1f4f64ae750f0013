-- take_snapshots: copy the rows of one live view whose last copy is long ago. Internal, to be
-- called until it returns null.
--
-- To be called in a transaction of its own, REPEATABLE READ: then the rows and the position are of
-- one snapshot, whoever leads meanwhile, and nobody waits for it. It takes as long as copying the
-- view takes, and for so long the database keeps what was deleted; so each view is a transaction.
--
-- Arguments   every: how many events apart; most: how many are kept of a view, see
--             snapshot_distance().
-- Returns     'view@version' of the one that was copied, or null.
-- Raises      40001 the version was retired, promoted over or halted meanwhile. It may be
--             registered anew by now, its table emptied or another one, which shows nothing of
--             before: so what was copied is not kept.
-- Locks       the turn 'snapshots', until the transaction ends; where somebody else has it, nothing
--             is done. Once it has copied, the view's row in view_state: for as long as COMMIT
--             takes.
-- Tables      turn: lock. view_state, reducer_version, view_snapshot: read. See copy_view().
-- Access: orchestrate
create or replace function take_snapshots(every bigint, most integer)
returns text
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    head     bigint := log_end();
    distance bigint := snapshot_distance(head, take_snapshots.every, take_snapshots.most);
    due      record;
begin
    if pg_catalog.current_setting('transaction_isolation') <> 'repeatable read' then
        raise exception 'take_snapshots: the transaction must be REPEATABLE READ'
            using errcode = 'BT019';
    end if;
    if head < distance then
        return null;
    end if;
    for due in
        select v.view, v.version, r.build
          from view_state v
          join reducer_version r on r.name = v.view and r.version = v.version
         where v.state = 'following'
           and not exists (select from view_snapshot s
                            where s.view = v.view and s.version = v.version and s.build = r.build
                              and s.position / distance = head / distance)
         order by v.view
         limit 1
    loop
        perform from turn where name = 'snapshots' for update skip locked;
        if not found then
            return null;
        end if;
        perform copy_view(due.view, due.version, due.build, head, false);
        -- What is retired or registered anew was live no more before that. REPEATABLE READ refuses
        -- a row that was changed since it began, see Raises.
        perform from view_state v
          where v.view = due.view and v.version = due.version
            for share;
        return pg_catalog.format('%s@%s', due.view, due.version);
    end loop;
    return null;
end;
$$;
