-- require_live_node: raise that there is no live node of a name, if so. Internal: pause_node(),
-- resume_node().
--
-- Arguments   name: which.
-- Raises      BT042 there is none; the message says which there are.
-- Tables      node: read.
create or replace function require_live_node(name text)
returns void
language plpgsql
stable
set search_path from current
as $$
begin
    if exists (select from node n where n.name = require_live_node.name and is_live(n)) then
        return;
    end if;
    raise exception 'there is no live node %; %', coalesce(
            pg_catalog.left(require_live_node.name, 200), 'null'),
        coalesce((select 'there are ' || string_agg(l.name, ', ' order by l.name)
                    from (select distinct n.name from node n
                           where is_live(n) order by n.name limit 10) as l),
                 'there is none at all')
        using errcode = 'BT042';
end;
$$;
