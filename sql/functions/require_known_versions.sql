-- require_known_versions: refuse what batch_event shows, if an event of a type that a SQL reducer
-- has declared is of a newer schema version than the reducer knows. Internal; not called for a
-- reducer that declares none.
--
-- Arguments   name, version: of the reducer. known: {"order/placed": 2}, the newest that it knows.
-- Raises      BT036 there is such an event; of the first one.
create or replace function require_known_versions(name text, version integer, known jsonb)
returns void
language plpgsql
stable
set search_path from current
set enable_seqscan = on
set enable_bitmapscan = on
set plan_cache_mode = auto
set jit = off
as $$
declare
    newer record;
begin
    select e.type, e.schema_version, k.value::integer as newest into newer
      from pg_catalog.jsonb_each_text(require_known_versions.known) as k
      join batch_event e on e.type = k.key and e.schema_version > k.value::integer
     order by e.position
     limit 1;
    if found then
        raise exception '% has schema version %, %@% knows %: promote a version of % that knows it',
            newer.type, newer.schema_version, require_known_versions.name,
            require_known_versions.version,
            case newer.newest when 1 then '1' else '1 to ' || newer.newest::text end,
            require_known_versions.name
            using errcode = 'BT036';
    end if;
end;
$$;
