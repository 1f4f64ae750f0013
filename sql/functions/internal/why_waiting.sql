-- why_waiting: why a task that is ready is not taken. Internal: why().
--
-- Arguments   requirement, rank, place: of its row.
-- Returns     one row of why().
-- Cost        it stops counting at 10000 tasks that go first.
-- Tables      task_floor, requirement: read.
create or replace function why_waiting(requirement integer, rank integer, place bigint)
returns table (reason text, found text, fix text)
language plpgsql
stable
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    count_max constant integer := 10000;
    need      requirement;
    carriers  text;
    ahead     integer;
begin
    select r.* into strict need from requirement r where r.id = why_waiting.requirement;
    return query select h.* from why_held_up(need.id) as h;
    if found then
        return;
    end if;
    if why_waiting.place <= (select f.place from task_floor f
                              where f.requirement = why_waiting.requirement
                                and f.rank = why_waiting.rank
                              order by f.id desc limit 1)
    then
        return query select 'passed_by',
            'claims have passed it by: its transaction committed after others which came later, or '
            'the claim that had it was rolled back; a pass of maintain() finds it'
            || coalesce('; ' || unmaintained(), ''),
            'call maintain(), as each node does once a second';
        return;
    end if;

    select count(*) into ahead
      from ready_of(need.id, count_max) as r
     where (r.rank, r.place) < (why_waiting.rank, why_waiting.place);
    carriers := carriers_of(need);
    if ahead > 0 then
        return query select 'queued', pg_catalog.format(
            '%s others of %s@%s%s go first; it can be taken by %s',
            ahead::text || case when ahead = count_max then ' or more' else '' end,
            need.handler, need.version,
            coalesce(' with the labels ' || nullif(pg_catalog.array_to_string(need.labels, ', '),
                                                   ''), ''), carriers),
            'wait for its turn, or start more nodes that carry it';
    else
        return query select 'next', pg_catalog.format(
            'it goes first; whoever claims next has it: %s', carriers),
            'wait for that claim; a node that makes none is busy, or hangs: look at its log';
    end if;
end;
$$;
