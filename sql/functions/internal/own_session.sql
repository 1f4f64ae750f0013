-- own_session: what is on record of the calling session, and of no other one: sha256 of the secret
-- that challenge() left in it. Null where it did not. Internal.
--
-- A process id says little: a stranger who connects again and again gets the one he wants. What
-- another session set here by itself has a digest that is on no record.
--
-- Access: orchestrate
create or replace function own_session()
returns bytea
language sql
stable
set search_path from current
as $$
    select pg_catalog.sha256(pg_catalog.convert_to(
        pg_catalog.current_setting('baton.session'::text, true), 'UTF8'::name));
$$;
