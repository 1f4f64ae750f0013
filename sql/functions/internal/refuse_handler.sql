-- refuse_handler: raise that nobody registered a handler. Internal: enqueue(), enqueue_apart(),
-- enqueue_many(), open_set(), require_handler().
--
-- Arguments   name: of the handler.
-- Raises      BT037 with the name that is most like it.
-- Tables      handler: read.
create or replace function refuse_handler(name text)
returns void
language plpgsql
stable
set search_path from current
as $$
declare
    shown   constant text := pg_catalog.left(refuse_handler.name, 128);
    nearest text;
begin
    select h.name into nearest
      from handler h
     cross join lateral (select edit_distance(h.name, shown, least(4, length(shown) / 3))
                        ) as d (distance)
     where d.distance is not null
     order by d.distance, h.name
     limit 1;
    raise exception 'nobody registered a handler %; a node that carries it does%',
        coalesce(pg_catalog.quote_literal(shown), 'null'),
        coalesce('; is it ' || pg_catalog.quote_literal(nearest) || '?', '')
        using errcode = 'BT037';
end;
$$;
