-- carry_handlers: a node carries these handlers. Internal: register_node().
--
-- Arguments   node: its id. handlers: see register_node().
-- Raises      BT042 one is not as it must be; and see register_handler().
-- Tables      node_handler: insert. See register_handler().
create or replace function carry_handlers(node bigint, handlers jsonb)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    carried record;
begin
    for carried in
        select h.value ->> 'name' as handler, h.value ->> 'version' as version,
               h.value ->> 'build' as build, event_types_of(h.value) as events,
               is_lane_by_key(h.value) as by_key, versions_accepted(h.value) as accepts_from,
               shown.view, shown.columns, subscription_start(h.value) as from_position
          from pg_catalog.jsonb_array_elements(carry_handlers.handlers) as h
         cross join lateral task_set_view_of(h.value) as shown
         order by 1, 2
    loop
        if octet_length(carried.handler) between 1 and 128 is not true
           or carried.version ~ '^[1-9][0-9]{0,8}$' is not true
           or octet_length(carried.build) between 1 and 200 is not true
        then
            raise exception 'handler % is not as it must be: a name of 1 to 128 bytes, a version '
                'from 1 on, a build of 1 to 200 bytes',
                coalesce(pg_catalog.quote_literal(pg_catalog.left(carried.handler, 128)), 'null')
                using errcode = 'BT042';
        end if;
        perform register_handler(carried.handler, carried.version::integer, carried.build,
                                 carried.events, carried.by_key, carried.accepts_from,
                                 carried.view, carried.columns, carried.from_position);
        insert into node_handler (node, handler, version, build)
        values (carry_handlers.node, carried.handler, carried.version::integer, carried.build)
        on conflict do nothing;
    end loop;
end;
$$;
