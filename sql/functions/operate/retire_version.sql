-- retire_version: give up a version of a view set. The leader drops its tables.
--
-- Arguments   live: also if it is the live one. Then its views are there no more, and programs that
--             do not carry them may lead; the leader is deposed, and comes back without them.
-- Raises      BT034 there is no such version; BT035 it is live; 42501 see promote().
-- Locks       the leader's row.
-- Tables      set_version, leader: update. view_state: delete.
-- Access: orchestrate
create or replace function retire_version(
    view_set text, version integer, live boolean default false)
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
    perform from leader where only_row for update;
    select * into known
      from set_version s
     where s.view_set = retire_version.view_set and s.version = retire_version.version
       for update;
    if not found then
        raise exception 'view set % has no version % here', retire_version.view_set,
            retire_version.version
            using errcode = 'BT034';
    elsif known.state = 'live' and not retire_version.live then
        raise exception 'view set %@% is live: promote another version first, or use --live to '
            'have it no more',
            known.view_set, known.version
            using errcode = 'BT035';
    elsif known.state = 'live' then
        update set_version s set state = 'warm'
         where s.view_set = known.view_set and s.version = known.version;
        delete from view_state l
         using set_member m
         where m.view_set = known.view_set and m.set_version = known.version
           and l.view = m.member and l.version = m.version;
        update leader set lease_until = clock_timestamp(), backend_pid = null where only_row;
        perform pg_catalog.pg_notify(current_schema() || '_leader', '');
    end if;
    perform retire(array[(known.view_set, known.version)::versioned]);
end;
$$;
