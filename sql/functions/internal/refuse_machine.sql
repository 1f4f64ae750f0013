-- refuse_machine: write down that somebody was turned away. Internal: admit_machine(),
-- admit_node(), register_node().
--
-- What the caller told about itself proves nothing; the login and the address are the server's. Who
-- makes up a new machine for each attempt can fill the table, not the disk: the oldest rows beyond
-- a thousand are dropped. (Sessions that are refused at the same moment may leave one row each
-- above that, until the next refusal.) Who speaks SQL can also roll back, or ask in a transaction
-- that is read-only: the server's log is told first, and what it says stays.
--
-- Tables      refusal: insert, update, delete.
create or replace function refuse_machine(code text, message text, node text, machine_id text)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    rows_max constant integer := 1000;
begin
    raise log 'baton: % refused in % machine=% node=%',
        refuse_machine.code, current_schema(),
        case when refuse_machine.machine_id ~ '^[0-9a-f]{64}$'
             then refuse_machine.machine_id else '' end,
        pg_catalog.regexp_replace(pg_catalog.left(refuse_machine.node, 200), '[[:cntrl:]]', ' ',
                                  'g');
    insert into refusal as r (code, machine_id, login, address, node, message)
    values (refuse_machine.code,
            case when refuse_machine.machine_id ~ '^[0-9a-f]{64}$'
                 then refuse_machine.machine_id else '' end,
            session_user,
            coalesce(pg_catalog.host(pg_catalog.inet_client_addr()), 'local'),
            pg_catalog.left(coalesce(refuse_machine.node, ''), 200),
            refuse_machine.message)
    on conflict (code, machine_id, login, address) do update
       set attempts = r.attempts + 1, last_at = clock_timestamp(), node = excluded.node,
           message = excluded.message;
    delete from refusal
     where ctid in (select o.ctid from refusal o order by o.last_at desc offset rows_max);
end;
$$;
