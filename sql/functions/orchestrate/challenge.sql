-- challenge: what the calling session has to answer to show a token, see proves().
--
-- The answer to it is good in this session alone, and where this database, schema and cluster are:
-- somebody who sees it, in a log or in a copy of this database, can do nothing with it here.
--
-- Returns     a text; the same one again where the session was asked before.
-- Tables      asked_session: insert, update, delete.
-- Access: node, orchestrate
create or replace function challenge()
returns text
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
    secret text;
begin
    if challenge_text() is null then
        -- Whose process is gone; in no order, so whoever is at it already is not waited for.
        delete from asked_session
         where backend_pid in (
            select s.backend_pid from asked_session s
             where not exists (select from pg_stat_activity a where a.pid = s.backend_pid)
               for update skip locked);
        secret := encode(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()),
                         'hex'::text);
        insert into asked_session as s (backend_pid, mark_hash, nonce)
        values (pg_backend_pid(), pg_catalog.sha256(pg_catalog.convert_to(secret, 'UTF8'::name)),
                uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
        on conflict (backend_pid) do update
           set mark_hash = excluded.mark_hash, nonce = excluded.nonce;
        perform pg_catalog.set_config('baton.session', secret, false);
    end if;
    return challenge_text();
end;
$$;
