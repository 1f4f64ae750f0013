-- raise_floors: say where claims may begin to look, and find what they would miss. Internal:
-- maintain().
--
-- Claims move the place on, and may so pass by a task whose transaction commits late, or one that
-- comes back because a claim does not commit. Here is looked from the base on, below which nothing
-- can come any more: all transactions that had drawn a place up to there have ended. A place is
-- drawn by a transaction that has its id; so what a former pass saw drawn was drawn by transactions
-- older than this pass. (Not "older than its snapshot's xmax": that is the newest that has ended,
-- and younger ones may be running.)
--
-- A rank is aged where the first task that waits in it was made more than a minute ago: see
-- take_tasks().
--
-- Cost        of what was taken since the base, once a pass: of a second, unless a transaction that
--             writes has been open for longer; and of a probe for each rank's first task.
-- Tables      task_floor: read, insert, delete. task_ready, task: read. maintenance: read, update.
create or replace function raise_floors()
returns void
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
as $$
#variable_conflict use_column
declare
    noted     maintenance;
    drawn     record;
    has_ended boolean;
    former    task_floor;
    raised    task_floor;
    first     record;
begin
    select m.* into strict noted from maintenance m where m.only_row;
    select coalesce(pg_catalog.pg_sequence_last_value(
                        pg_get_serial_sequence('task', 'id')::regclass), 0) as task,
           coalesce(pg_catalog.pg_sequence_last_value('task_place'), 0) as place
      into drawn;
    has_ended := noted.ended_before <= pg_catalog.pg_snapshot_xmin(pg_current_snapshot());

    for former in
        select distinct on (f.requirement, f.rank) f.*
          from task_floor f
         order by f.requirement, f.rank, f.id desc
    loop
        select r.place, r.task into first
          from task_ready r
         where r.requirement = former.requirement and r.rank = former.rank
           and r.place > former.base
         order by r.place
         limit 1;
        raised := former;
        -- Ranks are even where tasks come back: ready_rank().
        raised.settled := case when former.rank % 2 = 0 then noted.drawn_place
                               else noted.drawn_task end;
        if has_ended then
            raised.base := greatest(
                former.base,
                least(case when former.rank % 2 = 0 then noted.ending_place
                           else noted.ending_task end, first.place - 1));
        end if;
        raised.place := greatest(raised.base, least(former.place, first.place - 1));
        raised.is_aged := coalesce(
            (select t.enqueued_at from task t where t.id = first.task)
                < clock_timestamp() - interval '1 minute', false);
        continue when raised is not distinct from former;

        insert into task_floor (requirement, rank, place, base, settled, is_aged)
        values (raised.requirement, raised.rank, raised.place, raised.base, raised.settled,
                raised.is_aged);
        delete from task_floor f
         where f.requirement = former.requirement and f.rank = former.rank and f.id <= former.id;
    end loop;

    update maintenance m
       set drawn_task = drawn.task, drawn_place = drawn.place,
           ending_task = case when has_ended then m.drawn_task else m.ending_task end,
           ending_place = case when has_ended then m.drawn_place else m.ending_place end,
           ended_before = case when has_ended then pg_current_xact_id() else m.ended_before end
     where m.only_row;
end;
$$;
