-- unmaintained: that nobody calls maintain(), as a sentence. Internal.
--
-- Returns     null where its last pass was within ten seconds; nodes call it each second.
-- Tables      maintenance: read.
create or replace function unmaintained()
returns text
language sql
stable
set search_path from current
as $$
    select case
        when m.passed_at > clock_timestamp() - interval '10 seconds' then null
        when pg_catalog.isfinite(m.passed_at) then pg_catalog.format(
            'nobody calls maintain(): its last pass was %s s ago',
            round(extract(epoch from clock_timestamp() - m.passed_at)))
        else 'nobody ever called maintain()' end
      from maintenance m
     where m.only_row;
$$;
