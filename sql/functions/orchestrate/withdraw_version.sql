-- withdraw_version: undo the registration of a view set's version that could not begin, so that its
-- number is free for one that can. Internal, for the builder whose reducer failed.
--
-- What it shares with another version stays. A version that was ever live, or that has taken in an
-- event, stays as it is: nothing happens.
--
-- Arguments   view_set, version: of the set.
-- Returns     whether it was withdrawn.
-- Locks       see lock_registration(), forget_reducer().
-- Tables      set_version, view_build, view_state: read; see forget_reducer() and forget_set().
-- Access: orchestrate
create or replace function withdraw_version(view_set text, version integer)
returns boolean
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    known set_version;
    own   text[];
    one   text;
begin
    perform lock_registration();
    select * into known
      from set_version s
     where s.view_set = withdraw_version.view_set and s.version = withdraw_version.version
       and s.state = 'building';
    if not found then
        return false;
    end if;
    select pg_catalog.array_agg(m) into own
      from pg_catalog.unnest(known.members) as m
     where not exists (select from view_state v where v.view || '@' || v.version::text = m)
       and not exists (select from set_version s
                        where m = any (s.members)
                          and (s.view_set, s.version) <> (known.view_set, known.version));
    if exists (select from view_build b
                where b.view || '@' || b.version::text = any (own)
                  and (b.position > 0
                       or is_kept(b) and b.backend_pid <> pg_catalog.pg_backend_pid())) then
        return false;
    end if;
    foreach one in array coalesce(own, '{}') loop
        perform forget_reducer(pg_catalog.split_part(one, '@', 1),
                               pg_catalog.split_part(one, '@', 2)::integer);
    end loop;
    perform forget_set(known.view_set, known.version);
    return true;
end;
$$;
