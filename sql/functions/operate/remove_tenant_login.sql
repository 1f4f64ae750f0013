-- remove_tenant_login: a login belongs to no tenant any more. For the environment's owner.
--
-- It sees nothing from then on: in sessions that there are, too, with their next statement. It
-- stays a member of the group role, which by itself shows nothing, where the current role may not
-- take that away.
--
-- Arguments   login: of add_tenant_login().
-- Raises      BT069 it belongs to none.
-- Tables      tenant_login: delete.
create or replace function remove_tenant_login(login text)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
begin
    delete from tenant_login l where l.login = remove_tenant_login.login;
    if not found then
        raise exception 'login % belongs to no tenant; baton tenants list prints those that do',
            coalesce(pg_catalog.left(remove_tenant_login.login, 63), 'null')
            using errcode = 'BT069';
    end if;
    if to_regrole(pg_catalog.quote_ident(remove_tenant_login.login)) is not null then
        begin
            execute pg_catalog.format('revoke %I from %I', current_schema() || '_tenant',
                                      remove_tenant_login.login);
        exception when insufficient_privilege then
            null;
        end;
    end if;
end;
$$;
