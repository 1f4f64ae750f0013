-- refuse_other_members: raise that a version of a view set was registered with others, if so.
-- Internal: register_set().
--
-- Arguments   view_set, version: which. members: the caller's reducers in their order, then its
--             handlers.
-- Raises      BT012.
-- Tables      set_member, set_handler: read.
create or replace function refuse_other_members(
    view_set text, version integer, members versioned[])
returns void
language plpgsql
stable
set search_path from current
as $$
#variable_conflict use_column
declare
    known constant versioned[] :=
        array(select (m.member, m.version)::versioned as m from set_member m
               where m.view_set = refuse_other_members.view_set
                 and m.set_version = refuse_other_members.version
               order by m)
        || array(select (h.handler, h.version)::versioned as h from set_handler h
                  where h.view_set = refuse_other_members.view_set
                    and h.set_version = refuse_other_members.version
                  order by h);
begin
    if known <> refuse_other_members.members then
        raise exception 'view set %@% was registered as %, this process has %: give the set a new '
            'version',
            refuse_other_members.view_set, refuse_other_members.version, version_list(known),
            version_list(refuse_other_members.members)
            using errcode = 'BT012';
    end if;
end;
$$;
