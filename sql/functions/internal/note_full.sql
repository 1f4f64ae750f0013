-- note_full: say of handlers whether so many tasks of them wait that enqueue() refuses more.
-- Internal: limit_waiting(), maintain_lanes().
--
-- Nothing is counted where it is certain that there are fewer: no more can have come than ids of
-- tasks were drawn. So whoever makes a task pays nothing, and the limit is passed by what is made
-- between two passes of maintain() at most.
--
-- Arguments   handler: which; null: all.
-- Tables      handler: read, update. See waiting_of().
-- Cost        of the limit, where a handler is full or may have become that.
create or replace function note_full(handler text default null)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    drawn   constant bigint := coalesce(pg_catalog.pg_sequence_last_value(
        pg_get_serial_sequence('task', 'id')::regclass), 0);
    limited record;
    waiting integer;
begin
    for limited in
        select h.name, h.waiting_max
          from handler h
         where h.waiting_max is not null and (h.is_full or h.full_after <= drawn)
           and (note_full.handler is null or h.name = note_full.handler)
         order by h.name
    loop
        waiting := waiting_of(limited.name, limited.waiting_max);
        update handler h
           set is_full = waiting >= limited.waiting_max,
               full_after = drawn + limited.waiting_max - waiting
         where h.name = limited.name and h.waiting_max = limited.waiting_max;
    end loop;
end;
$$;
