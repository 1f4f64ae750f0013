-- refuse_handler: raise that nobody registered a handler, or that too many tasks of it wait.
-- Internal: enqueue_apart(), enqueue_many(), pin_task_set(), require_handler().
--
-- Arguments   name: of the handler.
-- Raises      BT048 there is such a handler: so it is full, or was just now. BT037 there is none,
--             with the name that is most like it.
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
    at_most integer;
begin
    select h.waiting_max into at_most from handler h where h.name = refuse_handler.name;
    if found then
        raise exception 'handler % is full: % tasks of it wait, or more; nothing was made, try '
            'again later',
            shown, coalesce(at_most::text, 'too many')
            using errcode = 'BT048';
    end if;
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
