-- drop_retired_version: drop the table of one version that nothing needs any more, and what else it
-- has. Internal, for the leader, until it returns null.
--
-- Returns     'view@version', or null if there is nothing left to drop.
-- Raises      BT011 the caller does not lead.
-- Locks       see lock_registration(); the public view and the table, exclusively; waits for them
--             for 100 ms at most (55P03, and can be tried again).
-- Tables      reducer_version, view_state, view_build, set_version, set_member:
--             read.
-- Access: orchestrate
create or replace function drop_retired_version()
returns text
language plpgsql
volatile
set search_path from current
set lock_timeout = '100ms'
as $$
#variable_conflict use_column
declare
    r   reducer_version;
    had record;
begin
    perform require_leader();
    perform lock_registration();
    select v.* into r
      from reducer_version v
     where not exists (select from view_state s where s.view = v.name and s.version = v.version)
       and not exists (select from view_build b where b.view = v.name and b.version = v.version)
       and not exists (select from set_version s
                         join set_member m on m.view_set = s.view_set and m.set_version = s.version
                        where s.state <> 'retired' and m.member = v.name and m.version = v.version)
       and to_regclass(pg_catalog.format('%I.%I', current_schema(),
                                          v.name || '__v' || v.version::text))
           is not null
     order by v.name, v.version
     limit 1;
    if not found then
        return null;
    end if;
    if exists (select from view_state s where s.view = r.name)
       or exists (select from view_build b where b.view = r.name) then
        perform show_view(r.name);
    else
        execute pg_catalog.format('drop view if exists %I', r.name);
    end if;
    for had in select * from reducer_objects(r.name, r.version) loop
        if had.routine is not null then
            execute pg_catalog.format('drop routine %s', had.routine);
        else
            execute pg_catalog.format('drop table %s', had.relation);
        end if;
    end loop;
    return pg_catalog.format('%s@%s', r.name, r.version);
end;
$$;
