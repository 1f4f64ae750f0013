-- publish_task_set: show readers the rows of a task set, and let go what its members made.
-- Internal: publish_if_done().
--
-- Of one key readers never see an older input position after a newer one. That the set is shown is
-- said by one row, which readers see by their snapshot: they wait for nothing, and see the rows of
-- the former set or of this one. The event set/published comes first, then what the members made.
--
-- Arguments   s: an open, sealed set, all of whose members are done; its row is locked.
-- Raises      what dispatch() and enqueue() raise.
-- Tables      task_set: update. task_set_shown: read, insert, update. task_set_member: read.
--             task_set_output: read, delete. task_set_input: delete. event: see dispatch(). task:
--             see enqueue().
create or replace function publish_task_set(s task_set)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    former task_set_shown;
    told   bigint;
    made   task_set_output;
    all_rows text := (select encode(pg_catalog.sha256(string_agg(m.digest, '' order by m.member
                                                               collate "C")), 'hex')
                      from task_set_member m where m.task_set = s.id);
begin
    perform from task_set_shown k where k.handler = s.handler and k.key = s.key for update;
    select k.* into former from task_set_shown k where k.handler = s.handler and k.key = s.key;
    if former.input_position > s.input_position then
        update task_set t
           set state = 'superseded', ended_at = clock_timestamp(), clear_at = clock_timestamp(),
               reason = pg_catalog.format('set %s, of a later position, is published',
                                          former.task_set)
         where t.id = s.id;
        return;
    end if;

    told := dispatch('set/published', pg_catalog.jsonb_build_object(
                'set', s.id, 'handler', s.handler, 'key', s.key, 'version', s.version,
                'build', s.build, 'input_position', s.input_position, 'digest', all_rows,
                'members', (select count(*) from task_set_member m where m.task_set = s.id)),
                s.handler || '/' || s.key, null, null, null, 1);
    for made in
        select o.* from task_set_output o
         where o.task_set = s.id
         order by o.handler is not null, o.member collate "C", o.ordinal
    loop
        if made.handler is null then
            perform dispatch(made.type, made.payload, made.key, made.tenant, made.meta, null,
                             made.schema_version);
        else
            perform enqueue(made.handler, made.payload, null, 0, '{}', made.tenant, made.meta,
                            made.schema_version, null, 'skip');
        end if;
    end loop;
    delete from task_set_output o where o.task_set = s.id;
    delete from task_set_input i where i.task_set = s.id;

    update task_set t
       set state = 'published', ended_at = clock_timestamp(), published_event = told,
           digest = all_rows, reason = null
     where t.id = s.id;
    update task_set t set clear_at = clock_timestamp() + t.kept where t.id = former.task_set;
    insert into task_set_shown (handler, key, task_set, version, input_position)
    values (s.handler, s.key, s.id, s.version, s.input_position)
        on conflict (handler, key) do update
       set task_set = excluded.task_set, version = excluded.version,
           input_position = excluded.input_position
     where task_set_shown.input_position <= excluded.input_position;
end;
$$;
