-- workflow_handler: which version of a handler a step of a workflow has. Internal:
-- workflow_step_of().
--
-- Arguments   handler: its name. version: what the step says; null: the one that it has in the
--             definition `known`, or else the one that is live now. step: its name.
-- Raises      BT037 nobody registered it.
-- Tables      handler, handler_version, workflow_step: read.
create or replace function workflow_handler(
    handler text, version integer, step text, known text)
returns integer
language plpgsql
stable
set search_path from current
as $$
#variable_conflict use_column
declare
    wanted integer := coalesce(workflow_handler.version, (
        select case when s.handler = workflow_handler.handler then s.version else s.undo_version end
          from workflow_step s
         where s.digest = workflow_handler.known and s.step = workflow_handler.step
           and workflow_handler.handler in (s.handler, s.undo_handler)), (
        select h.live_version from handler h where h.name = workflow_handler.handler));
begin
    perform require_handler(workflow_handler.handler);
    if not exists (select from handler_version v
                    where v.handler = workflow_handler.handler and v.version = wanted) then
        raise exception 'step % of the workflow has handler %@%, which nobody registered: start a '
            'node that carries it', workflow_handler.step, workflow_handler.handler, wanted
            using errcode = 'BT037';
    end if;
    return wanted;
end;
$$;
