-- task_set_state: where a task set stands, as people read it. Internal: task_sets(),
-- task_set_problems().
--
-- Arguments   s: the set. dead: how many of its members can not be done any more.
-- Returns     state: see task_sets(). reason: why; of a set that is open, what it waits for.
-- Tables      task_set_pin, task_set_member: read.
create or replace function task_set_state(s task_set, dead integer, out state text, out reason text)
language plpgsql
stable
set search_path from current
as $$
#variable_conflict use_column
declare
    lack record;
begin
    state := s.state;
    reason := s.reason;
    if s.state <> 'open' then
        return;
    end if;
    if task_set_state.dead > 0 then
        state := 'failed';
        reason := pg_catalog.format(
            '%s of its members ended without success: see baton task-sets show %s; then baton '
            'tasks retry, or baton task-sets restart', task_set_state.dead, s.id);
        return;
    end if;
    select l.found, l.fix into lack
      from task_set_pin p
     cross join lateral requirement_lack(p.requirement) as l
     where p.task_set = s.id
       and exists (select from task_set_member m
                    where m.task_set = s.id and m.requirement = p.requirement
                      and m.done_at is null)
     order by p.handler
     limit 1;
    if found then
        state := 'blocked_no_capable_node';
        reason := lack.found || '; ' || lack.fix || pg_catalog.format(
            ', or baton task-sets restart %s', s.id);
    elsif not s.is_sealed then
        state := 'collecting';
        reason := coalesce(reason,
                           'it is not sealed: seal_task_set() says that it has all members');
    end if;
end;
$$;
