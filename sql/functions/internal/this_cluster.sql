-- this_cluster: the system identifier of the cluster that this is. Internal.
--
-- Every role may ask for it, unless somebody took that away from PUBLIC.
--
-- Raises    42501 the environment's owner may not ask; the message says what to grant.
create or replace function this_cluster()
returns bigint
language plpgsql
stable
set search_path from current
as $$
begin
    return (select c.system_identifier from pg_control_system() as c);
exception when insufficient_privilege then
    raise exception '% may not call pg_control_system(), which tells whether the log came from '
        'another cluster; let a superuser run: grant execute on function pg_control_system() to %',
        current_user, pg_catalog.quote_ident(current_user)
        using errcode = '42501';
end;
$$;
