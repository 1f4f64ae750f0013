-- nearest_event_type: the known type that somebody may have meant. Internal, for messages.
--
-- Arguments   type: one that is not known.
-- Returns     the one with the least edit_distance(), if that is at most a third of the length and
--             at most four; else null. Nothing is known to be near to a type of more than 256
--             letters.
-- Cost        of 300 comparisons at most. However many types are known, it looks at those that
--             stand beside it in the order of an index, and at some thousand others.
-- Tables      event_type_reader, declared_event_type: read.
create or replace function nearest_event_type(type text)
returns text
language sql
stable
set search_path from current
as $$
    with known (type, is_beside) as (
        (select r.type, true from event_type_reader r where r.type > nearest_event_type.type
          order by r.type limit 32)
        union
        (select r.type, true from event_type_reader r where r.type < nearest_event_type.type
          order by r.type desc limit 32)
        union
        (select d.type, true from declared_event_type d where d.type > nearest_event_type.type
          order by d.type limit 32)
        union
        (select d.type, true from declared_event_type d where d.type < nearest_event_type.type
          order by d.type desc limit 32)
        union
        (select r.type, false from event_type_reader r limit 1000)
        union
        (select d.type, false from declared_event_type d limit 1000)
    ), near as (
        select k.type, k.is_beside,
               least(4, greatest(length(nearest_event_type.type), length(k.type)) / 3) as most
          from known k
         where length(nearest_event_type.type) <= 256 and length(k.type) <= 260
           and k.type <> nearest_event_type.type and pg_catalog.strpos(k.type, '%') = 0
    )
    select f.type
      from (select n.type,
                   edit_distance(lower(nearest_event_type.type), lower(n.type), n.most) as distance
              from near n
             where abs(length(n.type) - length(nearest_event_type.type)) <= n.most
             order by n.is_beside desc, abs(length(n.type) - length(nearest_event_type.type)),
                      n.type
             limit 300) as f
     where f.distance is not null
     order by f.distance, f.type
     limit 1;
$$;
