-- add_backfill: let events from before a handler's subscription become tasks of it, too. Internal:
-- name_events(), subscribe_from().
--
-- Those that were asked for before, and those behind the subscription, are not asked for again. So
-- each is a task once.
--
-- Arguments   handler: which. types: those that it names. from_position: the first that is wanted.
-- Returns     how many positions are to be looked at.
-- Tables      handler_event: read. subscription_backfill: read, insert.
create or replace function add_backfill(handler text, types text[], from_position bigint)
returns bigint
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    wanted bigint;
begin
    with lacking as (
        insert into subscription_backfill (
            handler, type, first_position, last_position, done_to)
        select add_backfill.handler, k.type, add_backfill.from_position, k.known_from - 1,
               add_backfill.from_position - 1
          from (select s.type,
                       least(min(s.after_position) + 1, min(b.first_position)) as known_from
                  from handler_event s
                  left join subscription_backfill b on b.handler = s.handler and b.type = s.type
                 where s.handler = add_backfill.handler and s.type = any (add_backfill.types)
                 group by s.type) as k
         where add_backfill.from_position < k.known_from
        returning last_position
    )
    select coalesce(max(l.last_position) - add_backfill.from_position + 1, 0) into wanted
      from lacking l;
    return wanted;
end;
$$;
