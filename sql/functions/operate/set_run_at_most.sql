-- set_run_at_most: how long a node may have a task of a handler, from the claim on. maintain()
-- takes away what a node has for longer, also where that lives: see end_long_runs().
--
-- Arguments   handler: which. at_most: null: as long as the node lives.
-- Raises      BT037 nobody registered the handler. BT042 that is no time.
-- Tables      handler: update.
-- Access: orchestrate
create or replace function set_run_at_most(handler text, at_most interval)
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
    perform require_handler(set_run_at_most.handler);
    if set_run_at_most.at_most < interval '1 second' then
        raise exception 'a task cannot run for % at most; give 1 second or more, or null',
            set_run_at_most.at_most
            using errcode = 'BT042';
    end if;
    update handler h set run_at_most = set_run_at_most.at_most
     where h.name = set_run_at_most.handler;
end;
$$;
