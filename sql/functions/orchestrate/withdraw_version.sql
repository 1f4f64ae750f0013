-- withdraw_version: undo the registration of a view set's version that could not begin, so that its
-- number is free for one that can. Internal, for the builder whose reducer failed.
--
-- What it shares with another version stays. A version that was ever live, or that has taken in an
-- event, stays as it is: nothing happens.
--
-- Arguments   view_set, version: of the set.
-- Returns     whether it was withdrawn.
-- Locks       see lock_registration(), forget_reducer().
-- Tables      set_version, set_member, view_build: read.
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
    own   set_member[];
    one   set_member;
begin
    perform lock_registration();
    select * into known
      from set_version s
     where s.view_set = withdraw_version.view_set and s.version = withdraw_version.version
       and s.state = 'building';
    if not found then
        return false;
    end if;
    own := array(select m from set_member m
                  where m.view_set = known.view_set and m.set_version = known.version
                    and not is_shared(m));
    if exists (select from pg_catalog.unnest(own) as m
                 join view_build b on b.view = m.member and b.version = m.version
                where b.position > 0
                   or is_kept(b) and b.backend_pid <> pg_catalog.pg_backend_pid()) then
        return false;
    end if;
    foreach one in array own loop
        perform forget_reducer(one.member, one.version);
    end loop;
    perform forget_set(known.view_set, known.version);
    return true;
end;
$$;
