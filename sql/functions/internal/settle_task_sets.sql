-- settle_task_sets: publish what could not be published when its last member was done, and take
-- note of members that were completed as plain tasks. Internal: maintain_task_sets().
--
-- Arguments   pass_limit: at so many sets it looks, first at those all of whose members are done,
--             and at 50 members of each.
-- Tables      task_set: lock. task_set_member: read, update. task_end: read. See
--             publish_if_done().
create or replace function settle_task_sets(pass_limit integer)
returns void
language plpgsql
volatile
set search_path from current
set jit = off
as $$
#variable_conflict use_column
declare
    open bigint;
begin
    for open in
        select s.id from task_set s
         where s.state = 'open'
         order by exists (select from task_set_member m
                           where m.task_set = s.id and m.done_at is null), pg_catalog.random()
         limit settle_task_sets.pass_limit
    loop
        perform from task_set s
          where s.id = open and s.state = 'open' for no key update skip locked;
        continue when not found;
        update task_set_member m
           set claim = e.claim, done_at = e.ended_at, digest = pg_catalog.sha256('')
          from (select n.task
                  from task_set_member n
                 where n.task_set = open and n.done_at is null limit 50) as n
         cross join lateral (
            select t.claim, t.ended_at from task_end t
             where t.task = n.task and t.outcome = 'done' limit 1) as e
         where m.task = n.task;
        perform publish_if_done(open);
    end loop;
end;
$$;
