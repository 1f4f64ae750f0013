-- open_next_sets: open a next task set for each key that was touched, and has none that is open.
-- Internal: maintain_task_sets().
--
-- A touch counts once what its transaction dispatched is in the log, so that the next set reads it.
-- Those of one key that count make one set.
--
-- Arguments   pass_limit: at most so many sets.
-- Returns     whether there are more.
-- Tables      task_set_touch: read, update, delete. event, batch, task_set: read. See
--             open_next_set().
create or replace function open_next_sets(pass_limit integer)
returns boolean
language plpgsql
volatile
set search_path from current
set jit = off
as $$
#variable_conflict use_column
declare
    touched record;
    opened  integer := 0;
    former  bigint;
begin
    update task_set_touch t
       set after_event = null
      from (select o.id, o.after_event from task_set_touch o order by o.id limit 1000) as o
     cross join (select b.window_number, b.last_id
                   from batch b order by b.first_position desc limit 1) as newest
     where t.id = o.id and o.after_event is not null
       and is_taken(o.after_event, (select e.xid from event e where e.id = o.after_event),
                    newest.window_number, newest.last_id);
    for touched in
        select t.handler, t.key, pg_catalog.array_agg(t.id) as ids, min(t.touched_at) as since
          from (select o.* from task_set_touch o order by o.id limit 1000) as t
         where t.after_event is null
         group by t.handler, t.key
         order by min(t.id)
    loop
        if opened >= open_next_sets.pass_limit then
            return true;
        end if;
        -- Of these one is enough.
        delete from task_set_touch t where t.id = any (touched.ids[2:]);
        continue when exists (select from task_set s
                               where s.handler = touched.handler and s.key = touched.key
                                 and s.state = 'open');
        select max(s.id) into former
          from task_set s where s.handler = touched.handler and s.key = touched.key;
        if former is null then
            -- The transaction that opens its first one may be under way.
            delete from task_set_touch t
             where t.id = touched.ids[1] and touched.since < clock_timestamp() - interval '1 hour';
            continue;
        end if;
        perform open_next_set(former, touched.ids[1]);
        opened := opened + 1;
    end loop;
    return false;
end;
$$;
