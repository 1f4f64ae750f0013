-- require_handler: raise that nobody registered a handler, if nobody did. Internal: key_holder(),
-- limit_lane_waiting(), limit_rate(), limit_running(), limit_waiting(), pause_handler(), purge(),
-- redrive(),
-- require_endpoint(), require_schedule_options(), resume_handler(), set_fairness(), set_lanes(),
-- set_run_at_most(), set_weight(), stage_outputs(), subscribe_from(), touch_task_set(),
-- workflow_handler().
--
-- Arguments   handler: its name.
-- Raises      BT037 see refuse_handler().
-- Tables      handler: read.
create or replace function require_handler(handler text)
returns void
language plpgsql
stable
set search_path from current
as $$
begin
    if not exists (select from handler h where h.name = require_handler.handler) then
        perform refuse_handler(require_handler.handler);
    end if;
end;
$$;
