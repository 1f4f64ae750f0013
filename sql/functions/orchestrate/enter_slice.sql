-- enter_slice: say which events batch_event shows until the end of the transaction. Internal.
--
-- Arguments   the window of the slice, as log_slice() takes it; after_id < id <= last_id; count:
--             how many events that are; first_position: of the first one.
-- Access: orchestrate
create or replace function enter_slice(
    floor_id       bigint,
    floor_xid      xid8,
    seen_before    pg_snapshot,
    seen           pg_snapshot,
    stragglers     xid8[],
    after_id       bigint,
    last_id        bigint,
    count          bigint,
    first_position bigint
)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
    perform set_config('baton.floor_id', floor_id::text, true),
            set_config('baton.floor_xid', floor_xid::text, true),
            set_config('baton.seen_before', seen_before::text, true),
            set_config('baton.seen', seen::text, true),
            set_config('baton.stragglers', stragglers::text, true),
            set_config('baton.after_id', after_id::text, true),
            set_config('baton.last_id', last_id::text, true),
            set_config('baton.first_position', first_position::text, true),
            set_config('baton.part', case
                when last_id - after_id = count then 'dense'
                when last_id - after_id < 2 * count + 1000 then 'gaps'
                else 'far' end, true);
end;
$$;
