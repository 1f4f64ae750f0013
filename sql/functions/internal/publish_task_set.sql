-- publish_task_set: show readers the rows of a task set, and let go what its members made.
-- Internal: publish_if_done().
--
-- Of one key readers never see an older input position after a newer one. That the set is shown is
-- said by one row, which readers see by their snapshot: they wait for nothing, and see the rows of
-- the former set or of this one. The event set/published comes first, then what the members made.
--
-- Arguments   s: an open, sealed set, all of whose members are done; its row is locked.
-- Raises      what dispatch() and enqueue() raise.
-- Tables      task_set: update. task_set_pin: read. task_set_shown: read, insert, update.
--             task_set_member: read. task_set_input: delete. event: see dispatch(). The rest: see
--             send_outputs().
create or replace function publish_task_set(s task_set)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    former bigint[];
    later  bigint;
    told   bigint;
    all_rows text := (select encode(pg_catalog.sha256(string_agg(m.digest, '' order by m.member
                                                               collate "C")), 'hex')
                      from task_set_member m where m.task_set = s.id);
    names  text[] := array(select p.handler from task_set_pin p where p.task_set = s.id
                            union select s.handler);
begin
    perform from task_set_shown k
      where k.key = s.key and k.handler = any (names) order by k.handler for update;
    former := array(select k.task_set from task_set_shown k
                     where k.key = s.key and k.handler = any (names));
    select t.id into later from task_set t
     where t.id = any (former) and t.input_position > s.input_position limit 1;
    if found then
        update task_set t
           set state = 'superseded', ended_at = clock_timestamp(), clear_at = clock_timestamp(),
               reason = pg_catalog.format('set %s, of a later position, is published', later)
         where t.id = s.id;
        return;
    end if;

    told := dispatch('set/published', pg_catalog.jsonb_build_object(
                'set', s.id, 'handler', s.handler, 'key', s.key, 'version', s.version,
                'build', s.build,
                'pins', (select pg_catalog.jsonb_agg(to_jsonb(p) - '{task_set,requirement}'::text[]
                                                     order by p.handler)
                           from task_set_pin p where p.task_set = s.id),
                'input_position', s.input_position, 'digest', all_rows,
                'members', (select count(*) from task_set_member m where m.task_set = s.id)),
                s.handler || '/' || s.key, null, null, null, 1);
    perform send_outputs(s.id);
    delete from task_set_input i where i.task_set = s.id;

    update task_set t
       set state = 'published', ended_at = clock_timestamp(), published_event = told,
           digest = all_rows, reason = null
     where t.id = s.id;
    insert into task_set_shown (handler, key, task_set, version, input_position)
    select n.handler, s.key, s.id, n.version, s.input_position
      from (select p.handler, p.version from task_set_pin p where p.task_set = s.id
             union select s.handler, s.version) as n
     order by n.handler
        on conflict (handler, key) do update
       set task_set = excluded.task_set, version = excluded.version,
           input_position = excluded.input_position
     where task_set_shown.input_position <= excluded.input_position;
    if (select count(*) from task_set_shown k where k.task_set = s.id) < cardinality(names) then
        -- Its handlers' first sets of this key, opened under two names: the next try sees it.
        raise exception 'another set of a later position was published just now';
    end if;
    update task_set t
       set clear_at = clock_timestamp() + t.kept
     where t.id = any (former)
       and not exists (select from task_set_shown k where k.task_set = t.id);
end;
$$;
