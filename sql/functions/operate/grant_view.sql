-- grant_view: let a role read a view, and nothing else. For the environment's owner.
--
-- A view is its orchestrators', who let the owner pass on the right to read it: see share_view().
-- So this is no more than two plain grants, and what the role gets is Postgres' own: `revoke select
-- on VIEW from ROLE` takes it back.
--
-- Arguments   view: a public view of this environment. role: who may read it from now on.
-- Grants      usage on this schema, select on the view.
-- Raises      BT023 there is no such view. BT014 no such role. 42501 the current role may not pass
--             it on. BT069 it would show a tenant what others have: set_tenants().
create or replace function grant_view(view text, role text)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    grantee constant oid := to_regrole(pg_catalog.quote_ident(grant_view.role));
    made             regclass;
begin
    perform view_query(grant_view.view);
    made := to_regclass(pg_catalog.format('%I.%I', current_schema(), grant_view.view));
    if grantee is null then
        raise exception 'there is no role %: create it first', grant_view.role
            using errcode = 'BT014';
    end if;
    if not pg_catalog.has_table_privilege(current_user, made, 'select with grant option') then
        raise exception '% may not let others read %, which is of another role: that right comes '
            'when an orchestrator of this version leads; until then let a superuser run: grant '
            'select on %.% to %',
            current_user, made, current_schema(), made, grant_view.role
            using errcode = '42501';
    end if;
    -- The group role of tenants itself, or a login of one.
    if pg_catalog.pg_has_role(grantee, to_regrole(
           pg_catalog.quote_ident(current_schema() || '_tenant'))::oid, 'member')
       and not (select r.rolsuper from pg_roles r where r.oid = grantee)
       and not is_tenant_view(made) then
        raise exception 'view % would show % the rows of all tenants: %', grant_view.view,
            grant_view.role,
            case when exists (select from pg_attribute a
                               where a.attrelid = made and a.attname = 'tenant'
                                 and a.atttypid = 'text'::regtype and not a.attisdropped)
                 then 'it was made while tenants were not kept apart; let an orchestrator run: '
                      'select show_view(' || pg_catalog.quote_literal(grant_view.view) || ')'
                 else 'it has no column tenant, of type text' end
            using errcode = 'BT069';
    end if;
    execute pg_catalog.format('grant usage on schema %I to %I', current_schema(), grant_view.role);
    execute pg_catalog.format('grant select on %I to %I', grant_view.view, grant_view.role);
end;
$$;
