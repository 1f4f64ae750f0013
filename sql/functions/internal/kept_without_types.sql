-- kept_without_types: the versions that are live, built or kept, and have not said which types they
-- read, because a program of before registered them. Internal.
--
-- Returns     'view@version'.
-- Tables      view_state, view_build, event_type_reader: read.
create or replace function kept_without_types()
returns setof text
language sql
stable
set search_path from current
as $$
    select k.view || '@' || k.version::text
      from (select s.view, s.version from view_state s
            union all
            select b.view, b.version from view_build b) as k
     where not exists (select from event_type_reader r
                        where r.view = k.view and r.version = k.version);
$$;
