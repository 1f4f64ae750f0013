-- nearest_event_type: the known type that somebody may have meant. Internal, for messages.
--
-- Arguments   type: one that is not known.
-- Returns     the one with the least edit_distance(), if that is at most a third of the length and
--             at most four; else null.
-- Cost        of 200 comparisons at most.
-- Tables      event_type_reader, declared_event_type: read.
create or replace function nearest_event_type(type text)
returns text
language sql
stable
set search_path from current
as $$
    select f.type
      from (select k.type,
                   edit_distance(
                       lower(nearest_event_type.type), lower(k.type),
                       least(4, greatest(length(nearest_event_type.type), length(k.type)) / 3)
                   ) as distance
              from (select r.type from event_type_reader r where pg_catalog.strpos(r.type, '%') = 0
                    union
                    select d.type from declared_event_type d) as k
             where k.type <> nearest_event_type.type
             order by abs(length(k.type) - length(nearest_event_type.type)), k.type
             limit 200) as f
     where f.distance is not null
     order by f.distance, f.type
     limit 1;
$$;
