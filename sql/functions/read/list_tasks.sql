-- list_tasks: tasks, the newest first, a page at a time. For `baton tasks list`.
--
-- Arguments   of_state: as task_state() says; null: any. of_handler, of_tenant: only those of it;
--             null: any. before: only those with a lower id; null: from the newest on. page_size:
--             so many at most, 1 to 1000.
-- Returns     the tasks. since: as task_standings() says. error: of its last failure, or why it
--             was cancelled, the first 500 characters. Then, unless the end was reached, a row of
--             which everything is null but task: what to give as `before` for the next page. There
--             can be such a row and no task ahead of it: none was found so far.
-- Raises      BT042 the page's size is none, or there is no such state.
-- Cost        of a page; for a handler or tenant, of up to 10000 tasks that are looked at.
-- Tables      task, requirement, node, task_failure: read.
-- Access: observe, orchestrate
create or replace function list_tasks(
    of_state   text    default null,
    of_handler text    default null,
    of_tenant  text    default null,
    before     bigint  default null,
    page_size  integer default 50
)
returns table (
    task bigint, handler text, version integer, labels text[], state text, priority integer,
    attempts integer, tenant text, enqueued_at timestamptz, due_at timestamptz, since timestamptz,
    node text, error text)
language plpgsql
stable
security definer
set search_path from current
set jit = off
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    states    constant text[]  := '{waiting,due,following,claimed,done,dead,cancelled,replaced}';
    at_most   constant integer := case when list_tasks.of_handler is null
                                            and list_tasks.of_tenant is null
                                       then list_tasks.page_size else 10000 end;
    looked_at bigint[];
    tasks     bigint[];
begin
    if list_tasks.page_size between 1 and 1000 is not true then
        raise exception 'a page of % tasks is none; give a number from 1 to 1000',
            coalesce(list_tasks.page_size::text, 'null')
            using errcode = 'BT042';
    end if;
    if list_tasks.of_state <> all (states) then
        raise exception 'there is no state %; tasks are %',
            pg_catalog.quote_literal(pg_catalog.left(list_tasks.of_state, 40)),
            pg_catalog.array_to_string(states, ', ')
            using errcode = 'BT042';
    end if;
    looked_at := array(select c.task from task_candidates(
        list_tasks.of_state, list_tasks.of_handler,
        coalesce(list_tasks.before, 9223372036854775807), at_most) as c (task));
    tasks := array(
        select c.task
          from pg_catalog.unnest(looked_at) with ordinality as c (task, ordinal)
         cross join lateral (
            select t.requirement, t.tenant from task t where t.id = c.task limit 1) as t
          join requirement r on r.id = t.requirement
         where (list_tasks.of_handler is null or r.handler = list_tasks.of_handler)
           and (list_tasks.of_tenant is null or t.tenant = list_tasks.of_tenant)
         order by c.ordinal
         limit list_tasks.page_size);

    return query
        select s.task, r.handler, r.version, r.labels, s.state, t.priority::integer, s.attempts,
               t.tenant::text, t.enqueued_at, s.due_at, s.since, n.name,
               pg_catalog.left(coalesce(s.ended_why, f.error), 500)
          from task_standings(tasks) as s
         cross join lateral (
            select t.priority, t.tenant, t.enqueued_at from task t where t.id = s.task limit 1) as t
          join requirement r on r.id = s.requirement
          left join node n on n.id = s.node
          left join lateral (
            select l.error
              from task_failure l
             where l.task = s.task order by l.failed_at desc limit 1) as f on true
         order by s.task desc;
    if cardinality(tasks) = list_tasks.page_size then
        list_tasks.task := tasks[list_tasks.page_size];
        return next;
    elsif cardinality(looked_at) = at_most then
        list_tasks.task := looked_at[at_most];
        return next;
    end if;
end;
$$;
