-- sorted_labels: labels as they are stored: in order, each once. Internal.
--
-- Two labels are the same where their bytes are.
--
-- Raises    BT042 one is null, empty, or longer than 128 bytes; or there are more than 64.
create or replace function sorted_labels(labels text[])
returns text[]
language plpgsql
immutable
set search_path from current
as $$
declare
    sorted text[];
begin
    select coalesce(pg_catalog.array_agg(distinct l.label collate "C" order by l.label collate "C"),
                    '{}')
      into sorted
      from pg_catalog.unnest(sorted_labels.labels) as l (label);
    if cardinality(sorted) > 64
       or exists (select from pg_catalog.unnest(sorted) as l (label)
                   where coalesce(octet_length(l.label), 0) not between 1 and 128)
    then
        raise exception 'labels are not as they must be: at most 64, each of 1 to 128 bytes'
            using errcode = 'BT042';
    end if;
    return sorted;
end;
$$;
