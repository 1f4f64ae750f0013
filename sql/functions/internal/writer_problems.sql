-- writer_problems: who dispatched and has not committed for long. Internal: status().
--
-- Returns     one line each.
create or replace function writer_problems()
returns text[]
language sql
stable
set search_path from current
as $$
    select coalesce(pg_catalog.array_agg(pg_catalog.format(
               'process %s (%s) dispatched %s s ago and has not committed; its events wait for '
               'it, nobody else''s do',
               w.pid, w.application, w.seconds)), '{}')
      from open_writers(interval '5 seconds') as w
     where w.seconds is not null;
$$;
