-- origin_id: the id up to which events came to a window's cluster from another one. Internal.
--
-- All of them were taken by windows before this one, and the ids of their transactions mean nothing
-- here: this cluster gives the same numbers out again. So each window begins after this id, in
-- whatever way it is read, and no transaction id of an event up to it is compared with anything,
-- for ever. The windows of a former cluster keep the origin that they had there; among them the
-- ids of that cluster's transactions mean what they always did. See rebase_log().
--
-- Arguments   window_number: of the window. The one to be opened has the newest origin.
-- Returns     the id; 0 if the log began in the window's cluster.
-- Cost        an index probe. Inlined by the planner.
-- Tables      log_origin: read.
-- Access: orchestrate
create or replace function origin_id(window_number bigint)
returns bigint
language sql
stable
begin atomic
    select coalesce((select o.after_id
                       from log_origin o
                      where o.window_number < origin_id.window_number
                      order by o.window_number desc
                      limit 1), 0);
end;
