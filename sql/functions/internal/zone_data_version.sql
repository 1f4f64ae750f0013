-- zone_data_version: the version of the zone data that Postgres computes with. Internal:
-- schedule(), check_schedules().
--
-- Postgres itself does not tell. Where it uses the system's, as Debian's does, a file says so,
-- which a superuser and members of pg_read_server_files may read.
--
-- Returns     '2025b'; null where it cannot be known.
create or replace function zone_data_version()
returns text
language plpgsql
volatile
set search_path from current
as $$
begin
    return pg_catalog.substring(
        pg_catalog.pg_read_file('/usr/share/zoneinfo/tzdata.zi', 0, 40, true),
        '^# version ([0-9]{4}[a-z]+)');
exception when others then
    return null;
end;
$$;
