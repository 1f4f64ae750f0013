-- register_set: make a version of a view set known here. Internal, before its reducers.
--
-- The first registration of (set, version) fixes which reducer versions it stands for. A set is
-- live at once where neither it nor a view of it is live in any version: there is nothing that
-- readers could see change. Else it is built beside what is live, if it is newer.
--
-- Arguments   members: each reducer. handlers: each handler that is live with it. leads: the
--             caller is the leader; only then can a set become live. environment, machine_id,
--             proof, enrol_as: see admit_machine(); a leader showed them when it took the lead.
-- Returns     'live', 'building', 'warm', 'retired'; 'new' where it is made live by a leader, or to
--             be built by who does not lead, and the caller is the other; 'older' for a version
--             below the live one that was never here: nothing is built for it.
-- Raises      BT012 the version is known with other members or handlers. BT013 a handler has the
--             set's name, or is in another set.
--             BT011 the caller does not lead. BT028 to BT033 its machine may not take part: as
--             take_lead() says, which also writes down who tries; an exception cannot.
-- Locks       see lock_registration().
-- Tables      view_state: read. set_version, set_member, set_handler: read, insert. See
--             follow_live_sets().
-- Access: orchestrate
create or replace function register_set(
    view_set    text,
    version     integer,
    members     versioned[],
    leads       boolean,
    environment text default null,
    machine_id  text default null,
    proof       text default null,
    enrol_as    bytea default null,
    handlers    versioned[] default '{}'
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
    sorted  versioned[] := array(select m from pg_catalog.unnest(register_set.members) as m
                                  order by m);
    named   versioned[] := array(select h from pg_catalog.unnest(register_set.handlers) as h
                                  order by h);
    is_new  boolean;
    made    text;
begin
    perform lock_registration();
    if register_set.leads then
        perform require_leader();
    else
        select a.code, a.message into strict refused
          from check_machine(register_set.environment, register_set.machine_id, register_set.proof,
                         register_set.enrol_as) as a;
        if refused.code is not null then
            raise exception '%', refused.message using errcode = refused.code;
        end if;
    end if;
    select s.state into made
      from set_version s
     where s.view_set = register_set.view_set and s.version = register_set.version;
    if found then
        perform refuse_other_members(register_set.view_set, register_set.version, sorted || named);
        return made;
    end if;
    perform refuse_taken_name(register_set.view_set, 'view set');
    perform refuse_shared_handler(register_set.view_set, named);

    is_new := not exists (select from set_version s
                           where s.view_set = register_set.view_set and s.state = 'live')
              and not exists (select from view_state l
                                join pg_catalog.unnest(sorted) as m on m.name = l.view);
    if exists (select from set_version s
                where s.view_set = register_set.view_set and s.state = 'live'
                  and s.version > register_set.version) then
        return 'older';
    end if;
    if is_new <> leads then
        return 'new';
    end if;
    made := case when is_new then 'live' else 'building' end;
    insert into set_version (view_set, version, state)
    values (register_set.view_set, register_set.version, made);
    insert into set_member (view_set, set_version, member, version)
    select register_set.view_set, register_set.version, m.name, m.version
      from pg_catalog.unnest(sorted) as m;
    insert into set_handler (view_set, set_version, handler, version)
    select register_set.view_set, register_set.version, h.name, h.version
      from pg_catalog.unnest(named) as h;
    if is_new then
        perform follow_live_sets(array(select h.name from pg_catalog.unnest(named) as h));
    end if;
    return made;
end;
$$;
