-- forget_records: forget what was noted of events that are gone (which were dead, which were
-- skipped), and the oldest leaderships and promotions. Internal: forget_history().
--
-- What a fold can still meet stays: it begins behind what is gone. A promotion says which version
-- readers were shown at a position, and stays as long as that.
--
-- Arguments   at_most: rows of each.
-- Tables      dead_event, skipped_event, leadership, promotion: delete.
create or replace function forget_records(at_most integer)
returns void
language plpgsql
volatile
set search_path from current
set jit = off
as $$
#variable_conflict use_column
declare
    kept_most constant integer := 10000;
    beginning constant bigint := log_beginning();
begin
    if beginning > 0 then
        delete from dead_event d
         where (d.view, d.version, d.position) in (
                select o.view, o.version, o.position from dead_event o
                 where o.position <= beginning and o.state <> 'halting'
                 limit forget_records.at_most);
        delete from skipped_event s
         where s.position in (select o.position from skipped_event o
                               where o.position <= beginning
                               limit forget_records.at_most);
    end if;
    delete from leadership l
     where l.epoch in (select o.epoch from leadership o
                        order by o.epoch desc
                       offset kept_most
                        limit forget_records.at_most);
    delete from promotion p
     where p.id in (select o.id from promotion o
                     order by o.id desc
                    offset kept_most
                     limit forget_records.at_most)
       and p.state <> 'requested' and coalesce(p.position, 0) <= beginning;
end;
$$;
