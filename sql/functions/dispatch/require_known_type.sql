-- require_known_type: refuse the type of an event that nobody knows. Internal: the domain
-- event_type calls it while unknown events are refused (set_unknown_events.sql).
--
-- It looks for the type itself, and leaves what is not found so to refuse_unknown_type(). Who
-- dispatches by COPY or INSERT has no right to our tables, so it runs as the owner. No settings are
-- pinned here, because that costs each event a walk over all of them; so every name is qualified.
--
-- Arguments  type: of the event; null is another check's business.
-- Returns    true.
-- Raises     BT040 see refuse_unknown_type().
-- Tables     event_type_reader, declared_event_type: read.
-- Access: dispatch, orchestrate
create or replace function require_known_type(type text)
returns boolean
language plpgsql
stable
strict
security definer
as $$
begin
    return exists (select from :"schema".event_type_reader r
                    where r.type operator(pg_catalog.=) require_known_type.type)
        or exists (select from :"schema".declared_event_type d
                    where d.type operator(pg_catalog.=) require_known_type.type)
        or :"schema".refuse_unknown_type(require_known_type.type);
end;
$$;
