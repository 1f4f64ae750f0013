-- requirement_of: the number of what a task needs, made where there is none yet. Internal.
--
-- Arguments   handler, version: registered ones. labels: in any order. build: it is pinned to that
--             one; null: it is not.
-- Raises      BT042 a label that is no label.
-- Tables      requirement: read, insert. task_floor: see open_rank().
create or replace function requirement_of(
    handler text, version integer, labels text[], build text default null)
returns integer
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    sorted constant text[] := sorted_labels(requirement_of.labels);
    found_id integer;
begin
    loop
        select r.id into found_id
          from requirement r
         where r.handler = requirement_of.handler and r.version = requirement_of.version
           and r.labels = sorted and r.build is not distinct from requirement_of.build;
        exit when found_id is not null;
        insert into requirement (handler, version, labels, build)
        values (requirement_of.handler, requirement_of.version, sorted, requirement_of.build)
        on conflict do nothing
        returning id into found_id;
        if found_id is not null then
            perform open_rank(found_id, 0);
            exit;
        end if;
    end loop;
    return found_id;
end;
$$;
