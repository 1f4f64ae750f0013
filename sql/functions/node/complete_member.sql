-- complete_member: a member of a task set is done, and this is what it made; complete() for such a
-- task.
--
-- All of it is taken by this one call, together with the task's end: from the holder of the task's
-- claim, once. Readers see its rows when the set is published, which is when its last member is
-- done: in the transaction of that one's call, or at most a second later.
--
-- Arguments   session: of register_node(). token: of claim().
--   rows      a JSON array of objects: rows of the set's view, by its columns. Of two members none
--             may have the same key.
--   result    of the task, as for complete().
--   events    [{"type", "key", "payload", "tenant", "meta", "schema_version"}, ...]: what leaves
--             when the set is published, in the order of members' names. Only the type must be
--   there.
--   tasks     [{"handler", "payload", "tenant", "meta", "schema_version"}, ...]: likewise, after
--             the events.
-- Returns     true; false where this same claim has completed it before.
-- Raises      BT039 the task is this claim's no more, or its set has ended: what the transaction
--             did for it must not be. BT038, BT032 see require_node(). BT042 the task is no member,
--             or what it made is not as it must be. BT001, BT002, BT040 an event, see dispatch().
--             BT037 a task's handler. BT006 the transaction's snapshot is fixed.
-- Locks       the claim and the set, until the transaction ends: call it last.
-- Tables      task_set: lock. task_set_member: read, update. task_end: see complete_many().
--             task_set_output: see stage_outputs(). The view's table: see stage_rows().
-- Access: node
create or replace function complete_member(
    session text,
    token   text,
    rows    jsonb default '[]',
    result  jsonb default '{}',
    events  jsonb default '[]',
    tasks   jsonb default '[]'
)
returns boolean
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    m       task_set_member := member_shown(complete_member.session, complete_member.token);
    holder  bigint := (select p.claim from token_parts(array[complete_member.token]) as p);
    s       task_set;
    is_last boolean;
    outcome text;
begin
    perform require_read_committed('complete_member');
    -- Who may be the last one waits for the others: one of them publishes the set. Where many end
    -- at the same moment none of them may see it, and maintain() does it.
    is_last := (select count(*) <= 8
                  from (select from task_set_member o
                         where o.task_set = m.task_set and o.done_at is null limit 9) as o);
    if is_last then
        perform from task_set t where t.id = m.task_set for no key update;
    else
        perform from task_set t where t.id = m.task_set for share;
    end if;
    select t.* into strict s from task_set t where t.id = m.task_set;
    if (select o.claim from task_set_member o where o.task = m.task) = holder then
        return false;
    end if;
    if s.state <> 'open' then
        raise exception 'the claim % is over: task set % is %; nothing was changed',
            pg_catalog.left(complete_member.token, 40), s.id,
            s.state || coalesce(': ' || s.reason, '')
            using errcode = 'BT039';
    end if;
    select c.outcome into strict outcome
      from complete_many(complete_member.session, array[complete_member.token],
                         array[complete_member.result]) as c;
    if outcome <> 'done' then
        perform refuse_token(complete_member.token);
    end if;
    perform stage_outputs(s.id, m.member, complete_member.events, complete_member.tasks);
    update task_set_member o
       set claim = holder, done_at = clock_timestamp(),
           digest = stage_rows(m, complete_member.rows)
     where o.task_set = m.task_set and o.member = m.member;
    if is_last then
        perform publish_if_done(s.id);
    end if;
    return true;
end;
$$;
