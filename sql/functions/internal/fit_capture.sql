-- fit_capture: what becomes of an event of a captured table that may be larger than an event can
-- be. Internal: try_capture(); and capture_<id>(), the functions of captures, for what is not
-- small.
--
-- Arguments   payload: of the event.
-- Returns     it; or what is left of it without its largest fields, whose names it then has in
--             "dropped", where the capture was made so.
-- Raises      BT002 it is larger, or nested deeper, than an event can be.
-- Tables      capture, event_limit: read.
-- Cost        of printing it once, and once for each field that is dropped.
create or replace function fit_capture(capture bigint, payload jsonb)
returns jsonb
language plpgsql
stable
set search_path from current
as $$
#variable_conflict use_column
declare
    bytes_max constant integer := (select l.payload_bytes from event_limit l where l.only_row);
    k         record;
    fit       jsonb := fit_capture.payload;
    largest   text;
begin
    select d.* into strict k from capture d where d.id = fit_capture.capture;
    while unfit_payload(fit, bytes_max) loop
        select f.key into largest
          from (select a.* from pg_catalog.jsonb_each(fit -> 'after') as a
                 union all
                select b.* from pg_catalog.jsonb_each(fit -> 'before') as b) as f
         order by pg_catalog.pg_column_size(f.value) desc
         limit 1;
        if not found or k.oversize = 'refuse' then
            raise exception 'a change of %.% is too large for an event of type %: the limit is % '
                'bytes, and 64 levels of JSON; show fewer columns of it, or add it with '
                '--oversize drop-field',
                k.table_schema, k.table_name, k.event_type, bytes_max
                using errcode = 'BT002';
        end if;
        fit := fit #- array['after', largest] #- array['before', largest]
               || pg_catalog.jsonb_build_object('dropped', coalesce(fit -> 'dropped', '[]')
                                                || pg_catalog.to_jsonb(largest));
    end loop;
    return fit;
end;
$$;
