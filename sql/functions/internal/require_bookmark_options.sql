-- require_bookmark_options: refuse what follow() cannot be given. Internal: follow().
--
-- Raises      BT042.
-- Tables      bookmark: read.
create or replace function require_bookmark_options(
    name text, types text[], from_position bigint, lag_longest interval)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_variable
declare
    head  bigint;
    fault text;
begin
    if octet_length(name) between 1 and 128 is not true then
        fault := 'the name of a bookmark has 1 to 128 bytes';
    elsif pg_catalog.cardinality(types) not between 1 and 1000 or exists (
        select from pg_catalog.unnest(types) as t (type)
         where octet_length(t.type) between 1 and 128 is not true)
    then
        fault := 'types are 1 to 1000 names of 1 to 128 bytes each, or null for all';
    elsif lag_longest between interval '1 second' and interval '10 years' is not true
          and lag_longest is not null
    then
        fault := pg_catalog.format('lag_longest is 1 second to 10 years, not %s', lag_longest);
    elsif from_position < 1 then
        fault := pg_catalog.format('from_position is 1 for the first event of the log, not %s',
                                   from_position);
    elsif not exists (select from bookmark b
                       where b.name = require_bookmark_options.name) then
        head := log_end();
        if from_position > head + 1 then
            fault := pg_catalog.format('the log ends at position %s: it has no %s to begin with',
                                       head, from_position);
        elsif from_position <= log_beginning() then
            fault := pg_catalog.format('the log begins with position %s: retention dropped the '
                                       'events before', log_beginning() + 1);
        elsif (select count(*) from bookmark) >= 1000 then
            fault := 'there are 1000 bookmarks already; remove_bookmark() those that nobody needs, '
                     'and read without one where nothing has to last';
        end if;
    end if;
    if fault is not null then
        raise exception 'bookmark %: %',
            coalesce(pg_catalog.quote_literal(pg_catalog.left(name, 128)), 'null'), fault
            using errcode = 'BT042';
    end if;
end;
$$;
