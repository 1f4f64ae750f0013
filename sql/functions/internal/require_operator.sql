-- require_operator: refuse who may not say which versions are live. Internal.
--
-- In a development environment everybody may who may call the function; else only the environment's
-- owner: an orchestrator's login is on many machines, and what it carries is not for it to decide.
--
-- Raises      42501 the session's login is not the owner, nor a member of it.
-- Tables      environment: read.
create or replace function require_operator(doing text)
returns void
language plpgsql
stable
set search_path from current
as $$
declare
    owner name := (select pg_get_userbyid(n.nspowner) from pg_namespace n
                    where n.nspname = current_schema());
begin
    if (select e.kind = 'development' from environment e where e.only_row)
       or pg_catalog.pg_has_role(session_user, owner, 'usage') then
        return;
    end if;
    raise exception 'only % and its members may %, not %: this is no development environment',
        owner, doing, session_user
        using errcode = '42501';
end;
$$;
