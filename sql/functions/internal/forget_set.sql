-- forget_set: forget a version of a view set of which no reducer is registered any more. Internal,
-- for withdraw_version().
--
-- Arguments   view_set, version: of the set; one that was live, or has reducers of its own here,
--             stays.
-- Tables      set_version: delete. set_member, reducer_version: read.
-- Access: orchestrate
create or replace function forget_set(view_set text, version integer)
returns void
language sql
volatile
security definer
set search_path from current
as $$
    delete from set_version s
     where s.view_set = forget_set.view_set and s.version = forget_set.version
       and s.state = 'building'
       and not exists (
            select from set_member m
              join reducer_version r on r.name = m.member and r.version = m.version
             where m.view_set = s.view_set and m.set_version = s.version
               and not is_shared(m));
$$;
