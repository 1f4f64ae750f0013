-- Who may do what. The group roles of this environment cannot log in; grant one to a login role:
-- `grant baton_production_dispatch to my_application`.
--
--   _dispatch     dispatches events, waits for them; makes tasks, and cancels them.
--   _node         takes part as a node: claims tasks, and says what came of them; makes tasks.
--   _orchestrate  runs the orchestrator, and what its hot path needs. It makes tables, views and
--                 functions here, which the owner's functions can come to call: it is trusted as
--                 the owner is. It still gets no right that it does not need.
--   _observe      reads the log and the tasks with every payload, the views, the dead events, the
--                 nodes, the status, and which machines are enrolled or were refused, all through
--                 functions.
--   _tenant       what one tenant has, where tenants are kept apart: set_tenants().
--
-- Machines are enrolled and revoked by the owner alone. tests/sql/role_matrix.txt says for each
-- role what all that comes to, and is compared with Postgres' catalogue.
--
-- A function or view of ours belongs to those whom the line Access in its file names, and to nobody
-- where there is none; what is said here is who may do what with the tables.
--
-- Runs after the functions, each time, as the owner, to whom not everything in here belongs: views
-- and their SQL functions are _orchestrate's (share_view.sql). So it names what it
-- grants.
-- A role that may not create roles gets an environment for
-- itself alone, and is told so.
do $$
declare
    schema_name text := current_schema();
    owner       name := (select pg_get_userbyid(n.nspowner) from pg_namespace n
                          where n.nspname = schema_name);
    -- Each function and view of ours, with the group roles that its file's line Access names.
    access      constant jsonb := :'access';
    suffix      text;
    roles       text;
    fn          regprocedure;
    viewed      regclass;
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
           and not (c.relname = any (tenant_tables()) and (select t.is_on from tenancy t))
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

    foreach suffix in array array['dispatch', 'node', 'orchestrate', 'observe', 'tenant'] loop
        if not exists (select from pg_roles where rolname = schema_name || '_' || suffix) then
            execute pg_catalog.format('create role %I nologin', schema_name || '_' || suffix);
        end if;
        execute pg_catalog.format(
            'grant usage on schema %I to %I', schema_name, schema_name || '_' || suffix);
    end loop;

    -- What an earlier version granted, and this one does not.
    roles := pg_catalog.format('%1$I, %2$I, %3$I, %4$I, %5$I', schema_name || '_dispatch',
        schema_name || '_node', schema_name || '_orchestrate', schema_name || '_observe',
        schema_name || '_tenant');
    for fn in
        select p.oid::regprocedure from pg_proc p
         where p.pronamespace = schema_name::regnamespace and p.prokind = 'f'
           and pg_get_userbyid(p.proowner) = owner
    loop
        execute pg_catalog.format('revoke all on function %s from %s', fn, roles);
    end loop;
    execute 'revoke all on event, batch, log_window, log_origin, leader, leadership, view_state, '
        'dead_event, skipped_event, reducer_version, set_version, set_member, '
        'view_build, promotion, event_limit, schema_migration, view_snapshot from ' || roles;

    for viewed in
        select c.oid::regclass from pg_class c
         where c.relnamespace = schema_name::regnamespace and c.relkind = 'v'
           and access -> 'views' ? c.relname::text
    loop
        execute pg_catalog.format('revoke all on %s from %s', viewed, roles);
    end loop;

    for fn, suffix in
        select p.oid::regprocedure, role.suffix
          from pg_catalog.jsonb_each(access -> 'functions') as file (name, roles)
         cross join lateral pg_catalog.jsonb_array_elements_text(file.roles) as role (suffix)
          join pg_proc p on p.proname = file.name
         where p.pronamespace = schema_name::regnamespace and p.prokind = 'f'
           and pg_get_userbyid(p.proowner) = owner
    loop
        execute pg_catalog.format('grant execute on function %s to %I', fn,
                                  schema_name || '_' || suffix);
    end loop;
    -- What a SQL reducer's file made where the owner leads, and what that calls.
    for fn in
        select p.oid::regprocedure from pg_proc p
         where p.pronamespace = schema_name::regnamespace and p.prokind = 'f'
           and pg_get_userbyid(p.proowner) = owner
           and not access -> 'functions' ? p.proname::text
           and exists (select from pg_proc r
                        where r.pronamespace = p.pronamespace and r.proname ~ '__v[0-9]'
                          and r.proowner = p.proowner
                          and (r.oid = p.oid
                               or pg_catalog.strpos(r.prosrc, p.proname::text) > 0))
    loop
        execute pg_catalog.format('grant execute on function %s to %I', fn,
                                  schema_name || '_orchestrate');
    end loop;
    for viewed, suffix in
        select c.oid::regclass, role.suffix
          from pg_catalog.jsonb_each(access -> 'views') as file (name, roles)
         cross join lateral pg_catalog.jsonb_array_elements_text(file.roles) as role (suffix)
          join pg_class c on c.relname = file.name
         where c.relnamespace = schema_name::regnamespace and c.relkind = 'v'
    loop
        execute pg_catalog.format('grant select on %s to %I', viewed, schema_name || '_' || suffix);
    end loop;

    execute pg_catalog.format(
        'grant insert (type, key, tenant, payload, meta, body, content_type, schema_version) '
        'on event to %I',
        schema_name || '_dispatch');

    execute pg_catalog.format(
        'grant select on schema_migration to %I', schema_name || '_observe');
    execute pg_catalog.format(
        'grant select on event, batch, log_window, log_origin, leader, leadership, '
        'view_state, dead_event, skipped_event, reducer_version, set_version, set_member, '
        'view_build, promotion, event_limit, schema_migration, view_snapshot to %I',
        schema_name || '_orchestrate');
    execute pg_catalog.format(
        'grant insert, delete on view_build to %I', schema_name || '_orchestrate');
    execute pg_catalog.format(
        'grant insert, delete, update (state, position, reason, changed_at, effects_to) '
        'on view_state to %I',
        schema_name || '_orchestrate');
    execute pg_catalog.format(
        'grant insert, delete, update (build) on reducer_version to %I',
        schema_name || '_orchestrate');
    execute pg_catalog.format(
        'grant insert, update (error, state, failed_at, resolved_at, resolved_by) on dead_event '
        'to %I',
        schema_name || '_orchestrate');
    -- The public views ask whose session reads them: show_view().
    execute pg_catalog.format(
        'grant select on tenancy, tenant_login, tenant_bound to %I',
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
    perform secure_tenants();
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
