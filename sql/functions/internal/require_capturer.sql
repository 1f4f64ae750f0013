-- require_capturer: refuse whoever is not the environment's owner, because the function of a
-- capture's triggers runs with the rights of who makes it. Internal: capture_table(),
-- refresh_capture(), remove_capture().
--
-- Raises      42501.
create or replace function require_capturer()
returns void
language plpgsql
stable
set search_path from current
as $$
declare
    owner name := (select pg_get_userbyid(n.nspowner) from pg_namespace n
                    where n.nspname = current_schema());
begin
    if owner <> current_user then
        raise exception 'only % may say which tables are captured, not %', owner, current_user
            using errcode = '42501';
    end if;
end;
$$;
