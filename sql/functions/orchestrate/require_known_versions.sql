-- require_known_versions: refuse what batch_event shows, if an event of a type that a SQL reducer
-- reads is of a newer schema version than the reducer knows. Internal; only called where there is
-- an event of a version above 1.
--
-- Arguments   name, version: of the reducer. known: {"order/placed": 2, "price/%": 1}, the newest
--             that it knows of each type; of several patterns, any.
-- Raises      BT036 there is such an event; of the first one.
-- Tables      batch_event: read.
-- Access: orchestrate
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
    select e.type, e.schema_version, k.newest into newer
      from batch_event e
     cross join lateral (
        select k.value::integer as newest
          from pg_catalog.jsonb_each_text(require_known_versions.known) as k
         where k.key = e.type or pg_catalog.strpos(k.key, '%') > 0 and e.type like k.key
         order by k.key = e.type desc
         limit 1) as k
     where e.schema_version > 1 and e.schema_version > k.newest
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
