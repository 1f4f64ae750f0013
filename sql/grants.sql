-- Who may do what. The group roles of this environment cannot log in; grant one to a login role:
-- `grant baton_production_dispatch to my_application`.
--
--   _dispatch     dispatches events, waits for them.
--   _node         (node agents; nothing yet.)
--   _orchestrate  runs the orchestrator, and what its hot path needs. It makes tables, views and
--                 functions here, which the owner's functions can come to call: it is trusted as
--                 the owner is. It still gets no right that it does not need.
--   _observe      reads the log with every payload, the views, the dead events, the status, and
--                 which machines are enrolled or were refused, all through functions.
--
-- Machines are enrolled and revoked by the owner alone. tests/sql/role_matrix.txt says for each
-- role what all that comes to, and is compared with Postgres' catalogue.
--
-- Runs after the functions, each time, as the owner, to whom not everything in here belongs: views
-- and their SQL functions are _orchestrate's (functions/share_view.sql). So it names what it
-- grants.
-- A role that may not create roles gets an environment for
-- itself alone, and is told so.
do $$
declare
    schema_name text := current_schema();
    owner       name := (select pg_get_userbyid(n.nspowner) from pg_namespace n
                          where n.nspname = schema_name);
    -- Not for an orchestrator: who may lead, and where from, is not for those to say who want to;
    -- and the inner parts of what says which version is live.
    owners_own  constant text[] := array['set_limit', 'describe_environment', 'enrol_machine',
                                         'rotate_token', 'revoke_machine', 'admit', 'admission',
                                         'token_owner', 'proves', 'challenge_text',
                                         'origin_refusal', 'lock_waits',
                                         'refuse_machine',
                                         'stands_beside_production', 'machines', 'refusals',
                                         'grant_view',
                                         'require_operator', 'live_sets_after', 'promotion_builds',
                                         'shared_laggard', 'held_up', 'leader_doing',
                                         'lock_holders', 'check_views',
                                         'switch_views', 'retire', 'version_problems', 'mend_log',
                                         'version_notes', 'is_spare', 'former_keeper',
                                         'status_views', 'status_dead_events', 'require_alive',
                                         'set_unknown_events', 'refuses_unknown_types',
                                         'kept_without_types', 'nearest_event_type',
                                         'edit_distance', 'check_event_types'];
    suffix      text;
    roles       text;
    fn          regprocedure;
    kind        regtype;
    secured     regclass;
    known       record;
    snapshot_id bigint;
    beyond      text;
begin
    -- Event triggers of some databases switch it on for every new table: then only the owner would
    -- find rows. What a person wants of a view's table is left alone.
    foreach secured in array array(
        select c.oid::regclass
          from pg_class c
         where c.relnamespace = schema_name::regnamespace and c.relkind in ('r', 'p')
           and (c.relrowsecurity or c.relforcerowsecurity)
           and pg_catalog.pg_has_role(c.relowner, 'usage')
           and not exists (select from reducer_version r
                            where c.relname = r.name || '__v' || r.version::text))
    loop
        execute pg_catalog.format('alter table %s disable row level security, '
                                  'no force row level security', secured);
    end loop;

    execute pg_catalog.format('revoke all on schema %I from public', schema_name);
    for fn in
        select p.oid::regprocedure from pg_proc p
         where p.pronamespace = schema_name::regnamespace and p.prokind = 'f'
           and pg_catalog.pg_has_role(p.proowner, 'usage')
    loop
        execute pg_catalog.format('revoke all on function %s from public', fn);
    end loop;
    -- Whoever may use a type can make a column of it in a table of their own, which then stands in
    -- the way of ALTER and DROP here. A table's rows are a type, too.
    for kind in
        select t.oid::regtype from pg_type t
         where t.typnamespace = schema_name::regnamespace and t.typcategory <> 'A'
           and pg_catalog.pg_has_role(t.typowner, 'usage')
    loop
        execute pg_catalog.format('revoke all on type %s from public', kind);
    end loop;

    if not (select rolcreaterole or rolsuper from pg_roles where rolname = current_user)
       and not exists (select from pg_roles where rolname = schema_name || '_dispatch')
    then
        raise warning 'role % may not create roles: environment % gets no group roles, only % can '
            'use it',
            current_user, schema_name, current_user;
        return;
    end if;

    foreach suffix in array array['dispatch', 'node', 'orchestrate', 'observe'] loop
        if not exists (select from pg_roles where rolname = schema_name || '_' || suffix) then
            execute pg_catalog.format('create role %I nologin', schema_name || '_' || suffix);
        end if;
        execute pg_catalog.format(
            'grant usage on schema %I to %I', schema_name, schema_name || '_' || suffix);
    end loop;

    -- What an earlier version granted, and this one does not.
    roles := pg_catalog.format('%1$I, %2$I, %3$I, %4$I', schema_name || '_dispatch',
        schema_name || '_node', schema_name || '_orchestrate', schema_name || '_observe');
    for fn in
        select p.oid::regprocedure from pg_proc p
         where p.pronamespace = schema_name::regnamespace and p.prokind = 'f'
           and pg_get_userbyid(p.proowner) = owner
    loop
        execute pg_catalog.format('revoke all on function %s from %s', fn, roles);
    end loop;
    execute 'revoke all on event, batch, log_window, log_origin, leader, leadership, view_state, '
        'dead_event, skipped_event, reducer_version, set_version, view_build, promotion, '
        'event_limit, schema_migration, batch_event, event_partition, view_snapshot from ' || roles;

    execute pg_catalog.format('grant execute on function dispatch, dispatch_bytes, dispatch_many, '
        'dispatch_limits, refuse_field, require_readable, refuse_unreadable, print_fault, '
        'require_known_type, '
        'dispatched_ids, ring, wait_for, wait_for_position, is_reduced, is_position_reduced, '
        'event_position to %I',
        schema_name || '_dispatch');
    execute pg_catalog.format(
        'grant insert (type, key, tenant, payload, meta, body, content_type, schema_version) '
        'on event to %I',
        schema_name || '_dispatch');

    execute pg_catalog.format(
        'grant execute on function read_log, log_lines, status, versions, promotion_state, '
        'promotion_hold, doctor, view_query, dead_events, wait_for, wait_for_position, '
        'is_reduced, is_position_reduced, event_position, position_before, machines, refusals '
        'to %I',
        schema_name || '_observe');
    execute pg_catalog.format(
        'grant select on schema_migration to %I', schema_name || '_observe');

    for fn in
        select p.oid::regprocedure from pg_proc p
         where p.pronamespace = schema_name::regnamespace and p.prokind = 'f'
           and pg_catalog.pg_has_role(p.proowner, 'usage')
           and p.proname <> all (owners_own)
    loop
        execute pg_catalog.format(
            'grant execute on function %s to %I', fn, schema_name || '_orchestrate');
    end loop;
    execute pg_catalog.format(
        'grant select on event, batch, log_window, log_origin, leader, leadership, '
        'view_state, dead_event, skipped_event, reducer_version, set_version, view_build, '
        'promotion, event_limit, schema_migration, batch_event, event_partition, view_snapshot '
        'to %I',
        schema_name || '_orchestrate');
    execute pg_catalog.format(
        'grant insert, delete on view_build to %I', schema_name || '_orchestrate');
    execute pg_catalog.format(
        'grant insert, delete, update (state, position, reason, changed_at) on view_state to %I',
        schema_name || '_orchestrate');
    execute pg_catalog.format(
        'grant insert, delete, update (build) on reducer_version to %I',
        schema_name || '_orchestrate');
    execute pg_catalog.format(
        'grant insert, update (error, state, failed_at, resolved_at, resolved_by) on dead_event '
        'to %I',
        schema_name || '_orchestrate');
    -- A SQL reducer may have functions that take a row of it.
    execute pg_catalog.format(
        'grant usage on type batch_event to %I', schema_name || '_orchestrate');
    execute pg_catalog.format(
        'grant create on schema %I to %I', schema_name, schema_name || '_orchestrate');

    for snapshot_id in select s.id from view_snapshot s loop
        execute pg_catalog.format('grant select on %I to %I', 'view_snapshot_' || snapshot_id::text,
                                  schema_name || '_orchestrate');
    end loop;
    -- Views that were made before the group roles were, or by whoever led first.
    for known in select r.name, r.version from reducer_version r order by r.name, r.version loop
        beyond := share_view(known.name, known.version, false);
        if beyond is not null then
            raise warning '% may not share % with the other orchestrators: let its owner or a '
                'superuser make it %''s',
                current_user, beyond, schema_name || '_orchestrate';
        end if;
    end loop;
end;
$$;
