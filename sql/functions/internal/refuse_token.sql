-- refuse_token: raise that a claim is over, and why. Internal: complete(), complete_member(),
-- extend(), fail(), progress(), require_held().
--
-- Arguments   token: of claim().
-- Raises      BT039.
-- Tables      task_end, task: read.
create or replace function refuse_token(token text)
returns void
language plpgsql
volatile
set search_path from current
as $$
declare
    ended     task_end;
    forgotten record;
begin
    select e.* into ended
      from token_parts(array[refuse_token.token]) as p
      join task_end e on e.task = p.task;
    select a.message into forgotten
      from token_parts(array[refuse_token.token]) as p
     cross join lateral task_absence(p.task) as a
     where a.code = 'BT050' and not exists (select from task t where t.id = p.task);
    raise exception 'the claim % does not hold its task any more: %; nothing was changed',
        coalesce(pg_catalog.left(refuse_token.token, 40), 'null'),
        case when forgotten.message is not null then forgotten.message
             when ended.task is null then 'it went back to the others, or was never this node''s'
             when ended.outcome = 'cancelled' then 'it was ' || ended.reason
             else 'it is ' || ended.outcome || ' under another claim' end
        using errcode = 'BT039';
end;
$$;
