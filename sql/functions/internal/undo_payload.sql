-- undo_payload: what one task gets that undoes a step. Internal: undo_payloads(), which says what
-- is left out.
--
-- Arguments   payload, result: of the task that was done.
create or replace function undo_payload(payload jsonb, result jsonb)
returns jsonb
language plpgsql
stable
set search_path from current
as $$
declare
    whole constant jsonb := pg_catalog.jsonb_build_object('payload', undo_payload.payload,
                                                          'result', undo_payload.result);
begin
    return case
        when pg_catalog.pg_column_size(whole) <= 10000 or not unfit_payload(whole, 1048576)
        then whole
        when not unfit_payload(whole - 'payload', 1048576) then whole - 'payload'
        else whole - 'result' end;
end;
$$;
