-- capture_payload: SQL for the payload of an event. Internal: capture_pairs(),
-- capture_statement().
--
-- Arguments   operation: 'insert', 'update', 'delete'; 'moved away' and 'moved here' are the two
--             events of a row whose key became another one. of_pairs: see capture_object().
-- Tables      capture: read.
create or replace function capture_payload(
    capture bigint, relation oid, operation text, of_pairs boolean)
returns text
language plpgsql
stable
set search_path from current
set standard_conforming_strings = on
as $$
#variable_conflict use_column
declare
    k     record;
    o     constant text := case when capture_payload.of_pairs then 'o' else 'old' end;
    n     constant text := case when capture_payload.of_pairs then 'n' else 'new' end;
    goes  constant boolean := capture_payload.operation in ('delete', 'moved away');
    whole constant text := case when capture_payload.operation = 'update' then 'changed'
                                else 'shown' end;
    parts text[];
begin
    select d.has_old into strict k from capture d where d.id = capture_payload.capture;
    parts := array[
        pg_catalog.format('''{"op": "%s", "key": '' || %s',
            case capture_payload.operation when 'moved away' then 'delete'
                 when 'moved here' then 'insert' else capture_payload.operation end,
            capture_object(capture_payload.capture, capture_payload.relation,
                           case when goes then o else n end, 'key')),
        case capture_payload.operation
            when 'moved away' then pg_catalog.format(''', "moved_to": '' || %s',
                capture_object(capture_payload.capture, capture_payload.relation, n, 'key'))
            when 'moved here' then pg_catalog.format(''', "moved_from": '' || %s',
                capture_object(capture_payload.capture, capture_payload.relation, o, 'key')) end,
        case when not goes then pg_catalog.format(''', "after": '' || %s',
            capture_object(capture_payload.capture, capture_payload.relation, n, whole)) end,
        case when k.has_old and capture_payload.operation not in ('insert', 'moved here')
             then pg_catalog.format(''', "before": '' || %s',
            capture_object(capture_payload.capture, capture_payload.relation, o, whole)) end];
    return pg_catalog.format('(%s || ''}'')::pg_catalog.jsonb',
                             pg_catalog.array_to_string(parts, E'\n || '));
end;
$$;
