-- check_adoption: whether the environment is at home here. Part of doctor().
--
-- Returns   one row of doctor().
create or replace function check_adoption()
returns table (check_name text, state text, found text, fix text)
language plpgsql
volatile
set search_path from current
as $$
declare
    reason text;
begin
    reason := unadopted();
    return query select 'adoption', case when reason is null then 'ok' else 'problem' end,
        coalesce(pg_catalog.split_part(reason, ': let ', 1), 'the environment is at home here'),
        case when reason is not null then 'let ' || pg_catalog.split_part(reason, ': let ', 2) end;
exception when insufficient_privilege then
    get stacked diagnostics reason = message_text;
    return query select 'adoption', 'problem', pg_catalog.split_part(reason, '; ', 1),
        pg_catalog.split_part(reason, '; ', 2);
end;
$$;
