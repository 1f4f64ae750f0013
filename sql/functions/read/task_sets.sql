-- task_sets: the task sets that there are, the newest first. For `baton task-sets list`.
--
-- Arguments   handler, key: only of it; null: of all. state: only in this one, see below; null: in
--             any. before: with a lower id; null: from the newest on. limit_count: at most so many.
-- Returns     one row for each.
--   state     open, published, superseded, abandoned; and of those that are open: collecting: not
--             sealed; failed: a member is dead, so that it waits for somebody; or
--             blocked_no_capable_node: no live node carries what it is pinned to.
--   is_shown  readers see its rows.
--   members, done, dead  how many. input_position: see open_task_set(). position: of its
--             publication in the log; null where there was none, or it is not in the log yet.
--   pins      what its members are pinned to: compute@1. build: the pin's; null where the set is a
--             view set's.
--   reason    why it is in that state: what is missing, and what to do.
-- Cost        of the members of the sets that it returns.
-- Tables      task_set, task_set_pin, task_set_member, task_set_shown, task_end: read.
-- Access: observe, orchestrate
create or replace function task_sets(
    handler text default null, key text default null, state text default null,
    before bigint default null, limit_count integer default 100)
returns table (
    id bigint, handler text, key text, version integer, build text, state text, is_shown boolean,
    members integer, done integer, dead integer, input_position bigint, "position" bigint,
    on_promotion text, opened_at timestamptz, opened_by name, ended_at timestamptz,
    deadline_at timestamptz, reason text, digest text, pins text[])
language sql
stable
security definer
set search_path from current
set jit = off
set enable_seqscan = off
as $$
    select s.id, s.handler, s.key, s.version, s.build, d.state,
           exists (select from task_set_shown k where k.task_set = s.id),
           m.members, m.done, m.dead, s.input_position, event_position(s.published_event),
           s.on_promotion, s.opened_at, s.opened_by, s.ended_at, s.deadline_at, d.reason, s.digest,
           array(select p.handler || '@' || p.version::text from task_set_pin p
                  where p.task_set = s.id order by p.handler)
      from task_set s
     cross join lateral (
        select count(*)::integer as members, count(n.done_at)::integer as done,
               (count(*) filter (where n.done_at is null and exists (
                    select from task_end e
                     where e.task = n.task and e.outcome <> 'done')))::integer as dead
          from task_set_member n where n.task_set = s.id) as m
     cross join lateral task_set_state(s, m.dead) as d
     where (task_sets.handler is null or s.handler = task_sets.handler)
       and (task_sets.key is null or s.key = task_sets.key)
       and (task_sets.before is null or s.id < task_sets.before)
       and (task_sets.state is null or task_sets.state in (s.state, d.state))
     order by s.id desc
     limit task_sets.limit_count;
$$;
