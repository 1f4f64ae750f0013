-- retire_version: give up a version of a view set that is not live. The leader drops its tables.
--
-- Raises      BT034 there is no such version; BT035 it is live; 42501 see promote().
-- Tables      set_version: update. view_build: delete.
create or replace function retire_version(view_set text, version integer)
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    known set_version;
begin
    perform require_operator('retire versions');
    select * into known
      from set_version s
     where s.view_set = retire_version.view_set and s.version = retire_version.version
       for update;
    if not found then
        raise exception 'view set % has no version % here', retire_version.view_set,
            retire_version.version
            using errcode = 'BT034';
    elsif known.state = 'live' then
        raise exception 'view set %@% is live: promote another version first', known.view_set,
            known.version
            using errcode = 'BT035';
    end if;
    perform retire(array[known.view_set || '@' || known.version]);
end;
$$;
