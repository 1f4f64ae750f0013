-- expire_task_sets: end the task sets whose deadline has passed. Internal: maintain_task_sets().
--
-- Arguments   pass_limit: at most so many.
-- Tables      task_set: lock. See end_task_set().
create or replace function expire_task_sets(pass_limit integer)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    late task_set;
begin
    for late in
        select s.* from task_set s
         where s.state = 'open' and s.deadline_at <= clock_timestamp()
         order by s.id
         limit expire_task_sets.pass_limit
           for no key update skip locked
    loop
        perform end_task_set(
            late.id, case late.at_deadline when 'restart' then 'superseded' else 'abandoned' end,
            'its deadline, ' || pg_catalog.date_trunc('second', late.deadline_at)::text
            || ', has passed');
    end loop;
end;
$$;
