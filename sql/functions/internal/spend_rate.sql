-- spend_rate: write down what a claim took, if its handler has a rate. Internal: claim(). The
-- handler is locked by then.
--
-- Arguments   handler: which. claim: what take_tasks() returned; null: it took nothing.
-- Tables      task_claim, handler: read. handler_rate: insert, update, delete.
create or replace function spend_rate(handler text, claim bigint)
returns void
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    part constant interval := (select h.rate_per / 50
                                 from handler h where h.name = spend_rate.handler);
begin
    if part is null or spend_rate.claim is null then
        return;
    end if;
    insert into handler_rate as r (handler, began_at, tasks)
    select spend_rate.handler,
           pg_catalog.date_bin(part, clock_timestamp(), timestamptz '2000-01-01 00:00:00+00'),
           cardinality(c.tasks)
      from task_claim c
     where c.id = spend_rate.claim
    on conflict (handler, began_at) do update set tasks = r.tasks + excluded.tasks;
    delete from handler_rate r
     where r.handler = spend_rate.handler and r.began_at < clock_timestamp() - 60 * part;
end;
$$;
