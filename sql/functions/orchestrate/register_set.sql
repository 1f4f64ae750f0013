-- register_set: make a version of a view set known here. Internal, before its reducers.
--
-- The first registration of (set, version) fixes which reducer versions it stands for. A set is
-- live at once where neither it nor a view of it is live in any version: there is nothing that
-- readers could see change. Else it is built beside what is live, if it is newer.
--
-- Arguments   members: 'view@version' of each reducer. leads: the caller is the leader; only then
--             can a set become live. environment, machine_id, proof, enrol_as: see admit(); a
--             leader showed them when it took the lead.
-- Returns     'live', 'building', 'warm', 'retired'; 'new' where only a leader can say; 'older'
--             for a version below the live one that was never here: nothing is built for it.
-- Raises      BT012 the version is known with other members. BT011 the caller does not lead. BT028
--             to BT033 its machine may not take part: as take_lead() says, which also writes down
--             who tries; an exception cannot.
-- Locks       see lock_registration().
-- Tables      leader, environment, machine, view_state: read. set_version: read, insert.
-- Access: orchestrate
create or replace function register_set(
    view_set    text,
    version     integer,
    members     text[],
    leads       boolean,
    environment text default null,
    machine_id  text default null,
    proof       text default null,
    enrol_as    bytea default null
)
returns text
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    refused record;
    sorted  text[] := (select pg_catalog.array_agg(m order by m)
                         from pg_catalog.unnest(register_set.members) as m);
    known   set_version;
    is_new  boolean;
    made    text;
begin
    perform lock_registration();
    if register_set.leads then
        perform require_leader();
    else
        select a.code, a.message into strict refused
          from admission(register_set.environment, register_set.machine_id, register_set.proof,
                         register_set.enrol_as) as a;
        if refused.code is not null then
            raise exception '%', refused.message using errcode = refused.code;
        end if;
    end if;
    select * into known
      from set_version s
     where s.view_set = register_set.view_set and s.version = register_set.version;
    if found then
        if known.members <> sorted then
            raise exception 'view set %@% was registered as %, this process has %: give the set a '
                'new version',
                known.view_set, known.version, pg_catalog.array_to_string(known.members, ', '),
                pg_catalog.array_to_string(sorted, ', ')
                using errcode = 'BT012';
        end if;
        return known.state;
    end if;

    is_new := not exists (select from set_version s
                           where s.view_set = register_set.view_set and s.state = 'live')
              and not exists (select from view_state s
                               where s.view in (select pg_catalog.split_part(m, '@', 1)
                                                  from pg_catalog.unnest(sorted) as m));
    if is_new and not leads then
        return 'new';
    end if;
    if exists (select from set_version s
                where s.view_set = register_set.view_set and s.state = 'live'
                  and s.version > register_set.version) then
        return 'older';
    end if;
    made := case when is_new then 'live' else 'building' end;
    insert into set_version (view_set, version, members, state)
    values (register_set.view_set, register_set.version, sorted, made);
    return made;
end;
$$;
