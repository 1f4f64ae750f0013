-- unadopted: why nothing is done in this environment but to keep its views: it came here from
-- elsewhere, and nobody has said what it is now. adopt_environment() ends that.
--
-- A dump that was restored is noticed, in whatever cluster, database or schema, because its tables
-- are others; so is a copy that CREATE DATABASE made of a template. pg_upgrade is told from a dump:
-- it leaves each row as it was written. A physical copy (a standby that was promoted, a base
-- backup) is the same to the last bit, and cannot be told from a server that goes on.
--
-- Returns   a line, with what to do; null where the environment is at home.
-- Raises    42501 see this_cluster().
-- Tables    environment_home, environment: read.
-- Cost      of two small tables, and of a file that the server reads: some 15 microseconds.
-- Access: observe, orchestrate
create or replace function unadopted()
returns text
language plpgsql
stable
security definer
set search_path from current
as $$
declare
    from_where text;
    called     text;
begin
    select case
               when h.database_id <> d.oid and h.table_id = 'environment_home'::regclass::oid
               then 'it was copied with its database from another one of this server'
               when h.system_identifier <> this_cluster()
                    and (h.table_id <> 'environment_home'::regclass::oid
                         or h.xmin <> xid(h.written_by))
               then 'it was restored from a dump of another server'
               when h.table_id <> 'environment_home'::regclass::oid
               then 'it was restored from a dump' end
      into from_where
      from environment_home h, pg_catalog.pg_database d
     where h.only_row and d.datname = pg_catalog.current_database();
    if from_where is null then
        return null;
    end if;
    select coalesce(e.name, pg_catalog.current_schema()::text) into called
      from environment e where e.only_row;
    return pg_catalog.format(
        'the environment %s does nothing but keep its views, because %s and nobody has said what '
        'it is now: let its owner run `baton environment adopt %s --as KIND`',
        called, from_where,
        pg_catalog.replace(pg_catalog.substr(pg_catalog.current_schema(), 7), '_', '-'));
end;
$$;
