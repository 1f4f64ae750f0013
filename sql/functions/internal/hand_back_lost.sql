-- hand_back_lost: what nodes had that went away goes to others, claim by claim. Internal:
-- maintain().
--
-- Arguments   at_most: tasks; a claim is not parted.
-- Returns     how many.
-- Locks       the claims; it passes by those that are locked.
-- Tables      task_claim, node: read. See hand_back().
create or replace function hand_back_lost(at_most integer)
returns integer
language plpgsql
volatile
set search_path from current
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    lost  bigint;
    tasks integer := 0;
begin
    for lost in
        select c.id
          from task_claim c
          join node n on n.id = c.node
         where n.ended_at is not null
         order by c.id
         limit hand_back_lost.at_most
           for update of c skip locked
    loop
        tasks := tasks + hand_back(lost, true);
        exit when tasks >= hand_back_lost.at_most;
    end loop;
    return tasks;
end;
$$;
