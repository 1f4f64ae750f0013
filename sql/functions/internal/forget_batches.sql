-- forget_batches: forget what was recorded of events that are gone: their batches and windows, and
-- the receipts of their dispatches. Internal: forget_history().
--
-- What is left is what the kept log is read by. Who repeats a dispatch whose event is gone makes
-- another one: the receipt is kept as long as the event is.
--
-- Arguments   at_most: rows of each.
-- Returns     whether there may be more.
-- Tables      log_retention: read. batch, log_window, dispatch_receipt, derived_event: delete.
create or replace function forget_batches(at_most integer)
returns boolean
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    kept    log_retention;
    batches integer;
    windows integer;
    receipts integer;
    derived integer;
begin
    select r.* into strict kept from log_retention r where r.only_row;
    if kept.begins_after = 0 and kept.gone_to_id = 0 then
        return false;
    end if;
    delete from batch b
     where b.first_position = any (array(
            select o.first_position from batch o
             where o.first_position <= kept.begins_after
               -- The newest is the checkpoint.
               and o.first_position < (select max(n.first_position) from batch n)
             order by o.first_position
             limit forget_batches.at_most));
    get diagnostics batches = row_count;
    delete from log_window w
     where w.number = any (array(
            select o.number from log_window o
             where o.number < (select b.window_number - 1 from batch b
                                order by b.first_position
                                limit 1)
             order by o.number
             limit forget_batches.at_most));
    get diagnostics windows = row_count;
    delete from dispatch_receipt d
     where d.dispatch_id = any (array(
            select o.dispatch_id from dispatch_receipt o
             where o.event_id <= kept.gone_to_id
             order by o.event_id
             limit forget_batches.at_most));
    get diagnostics receipts = row_count;
    delete from derived_event d
     where d.event_id = any (array(
            select o.event_id from derived_event o
             where o.event_id <= kept.gone_to_id
             order by o.event_id
             limit forget_batches.at_most));
    get diagnostics derived = row_count;
    return greatest(batches, windows, receipts, derived) >= forget_batches.at_most;
end;
$$;
