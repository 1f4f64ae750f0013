-- maintain_workflows: what runs wait for beside their tasks: what became of tasks that were not
-- done, events, and times. Internal: maintain().
--
-- In a copy that nobody adopted nothing happens: unadopted(). Nothing is waited for longer than 50
-- ms; what raises is tried again ten seconds later.
--
-- Arguments   at_most: of each kind.
-- Returns     whether there may be more to do.
-- Tables      workflow_note: read, update, delete. See deliver_events(), wake_steps(),
--             settle_note().
-- Cost        where no workflow was ever defined, of reading a sequence; else, where nothing is to
--             be done, of a few probes of indexes.
create or replace function maintain_workflows(at_most integer)
returns boolean
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
set lock_timeout = '50ms'
as $$
#variable_conflict use_column
declare
    now   constant timestamptz := clock_timestamp();
    n     workflow_note;
    count integer := 0;
    more  boolean := false;
begin
    if pg_catalog.pg_sequence_last_value('workflow_bell') is null or unadopted() is not null then
        return false;
    end if;
    more := deliver_events(maintain_workflows.at_most);
    more := greatest(wake_steps(now, maintain_workflows.at_most), more);
    for n in
        select o.* from workflow_note o where o.look_at <= now
         order by o.look_at, o.id limit maintain_workflows.at_most
    loop
        count := count + 1;
        begin
            perform settle_note(n.task);
            delete from workflow_note o where o.id = n.id;
        exception when others then
            update workflow_note o
               set look_at = now + case when sqlstate = '55P03' then interval '1 second'
                                        else interval '10 seconds' end,
                   trouble = pg_catalog.left(sqlerrm, 1000)
             where o.id = n.id;
        end;
    end loop;
    return more or count >= maintain_workflows.at_most;
end;
$$;
