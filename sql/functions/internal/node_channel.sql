-- node_channel: where a node listens. Internal: await_tasks(), resume_node(), ring_nodes().
--
-- Channels are the database's, so the schema's number is in it.
create or replace function node_channel(node bigint)
returns text
language sql
stable
set search_path from current
as $$
    select 'baton_node_' || (current_schema()::regnamespace)::oid::text || '_'
           || node_channel.node::text;
$$;
