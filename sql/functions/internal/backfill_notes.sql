-- backfill_notes: which handlers take up events from before their subscription, and how far they
-- are. Internal: status().
--
-- Returns     one line each.
-- Tables      subscription_backfill, handler: read.
create or replace function backfill_notes()
returns text[]
language sql
stable
set search_path from current
as $$
    select array(
        select pg_catalog.format(
                   'handler %s takes up what was before its subscription: %s of %s events looked at'
                   '%s', b.handler, b.done, b.wanted,
                   case when h.is_full then ', and it is full' else '' end)
          from (select b.handler, sum(b.done_to - b.first_position + 1) as done,
                       sum(b.last_position - b.first_position + 1) as wanted
                  from (select distinct b.handler, b.first_position, b.last_position, b.done_to
                          from subscription_backfill b
                         where b.done_to < b.last_position) as b
                 group by b.handler) as b
          join handler h on h.name = b.handler
         order by b.handler);
$$;
