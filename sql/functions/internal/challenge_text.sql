-- challenge_text: what the calling session was asked by challenge(); null if it was not. Internal.
--
-- Where this is stands in it as the server has it, each time anew: a copy of the rows asks
-- something else.
--
-- Tables    asked_session: read.
create or replace function challenge_text()
returns text
language sql
stable
set search_path from current
as $$
    select pg_catalog.concat_ws(':', 'baton proof 1', this_cluster(),
                                d.oid, current_database(), current_schema(), s.backend_pid,
                                pg_catalog.encode(s.nonce, 'hex'::text))
      from asked_session s
      join pg_catalog.pg_database d on d.datname = current_database()
     where s.backend_pid = pg_backend_pid() and s.mark_hash = own_session();
$$;
