-- pause_of: that a handler is paused, as a sentence. Internal: task_notes(), why_held_up().
--
-- Arguments   h: the handler's row.
-- Returns     null where it is not.
create or replace function pause_of(h handler)
returns text
language sql
stable
set search_path from current
as $$
    select pg_catalog.format('handler %s is paused since %s, by %s%s', h.name,
                             date_trunc('second', h.paused_at), h.paused_by,
                             coalesce(': ' || h.pause_reason, ''))
     where h.paused_at is not null;
$$;
