-- check_ids: whether the sequence gives ids that no event has, one by one. Part of doctor().
--
-- A window's ceiling can be above the highest event: ids are drawn in vain, too.
--
-- Returns   two rows of doctor(): id_sequence and id_blocks.
-- Tables    event, log_window: read.
create or replace function check_ids()
returns table (check_name text, state text, found text, fix text)
language sql
volatile
set search_path from current
as $$
    select 'id_sequence', case when coalesce(id.highest, 0) <= id.value then 'ok' else 'problem' end,
        pg_catalog.format('the sequence is at %s, the highest id that was drawn is %s', id.value,
               coalesce(id.highest, 0)),
        case when id.highest > id.value then
            pg_catalog.format('the sequence did not come with the data; before anybody dispatches: '
                   'select setval(''%s.event_id_seq'', %s)',
                   current_schema(), id.highest) end
      from (select event_id_value(), greatest((select max(e.id) from event e),
                                              (select max(w.id_ceiling) from log_window w))
           ) as id (value, highest)
     union all
    select 'id_blocks',
        case when q.cache_size = 1 then 'ok' else 'problem' end,
        case when q.cache_size = 1 then 'event ids are drawn one by one'
             else pg_catalog.format('sessions draw event ids %s at a time: events get lost, as '
                                    'an id may be used long after it was drawn', q.cache_size) end,
        case when q.cache_size <> 1
             then pg_catalog.format('alter sequence %s.event_id_seq cache 1', current_schema()) end
      from pg_sequences q
     where q.schemaname = current_schema() and q.sequencename = 'event_id_seq';
$$;
