-- retire: these set versions, and the builds that no other version needs, are no more. Internal.
--
-- Tables    set_version, view_snapshot, dead_event: update. view_build: delete. set_member,
--           view_state: read.
create or replace function retire(retired versioned[])
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
begin
    update set_version s
       set state = 'retired', since = clock_timestamp()
     where (s.view_set, s.version)::versioned = any (retire.retired) and s.state <> 'live';
    delete from view_build b
     where not exists (select from set_version s
                         join set_member m on m.view_set = s.view_set and m.set_version = s.version
                        where s.state <> 'retired'
                          and m.member = b.view and m.version = b.version);
    -- Should they be registered anew, nothing begins with what was copied of them before: it is of
    -- no build any more, until drop_snapshots() has dropped it.
    update view_snapshot c
       set build = 'retired ' || c.id::text
     where not exists (select from view_state l where l.view = c.view and l.version = c.version)
       and not exists (select from view_build b where b.view = c.view and b.version = c.version);
    -- Nobody stands before them any more.
    update dead_event d
       set state = 'retried', resolved_at = clock_timestamp(), resolved_by = session_user
     where d.state = 'halting'
       and not exists (select from view_state l where l.view = d.view and l.version = d.version)
       and not exists (select from view_build b where b.view = d.view and b.version = d.version);
end;
$$;
