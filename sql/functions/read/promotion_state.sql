-- promotion_state: what became of a promotion.
--
-- Returns     state: 'requested', 'done', 'refused' or 'cancelled'; reason: why not; position: at
--             which the views changed over; view_sets, versions: what was to be live; handlers,
--             handler_versions: likewise; no row if there is no such promotion.
-- Tables      promotion: read.
-- Access: observe, orchestrate
create or replace function promotion_state(id bigint)
returns table (state text, reason text, "position" bigint, view_sets text[], versions integer[],
               handlers text[], handler_versions integer[])
language sql
stable
security definer
set search_path from current
as $$
    select p.state, p.reason, p.position, p.view_sets, p.versions, p.handlers,
           p.handler_versions
      from promotion p
     where p.id = promotion_state.id;
$$;
