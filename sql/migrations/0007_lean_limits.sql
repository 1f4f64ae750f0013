-- The limits of an event, said in fewer words.
--
-- To compare a length costs next to nothing; what counts is how many functions and operators the
-- checks name, because each INSERT looks all of them up anew: docs/benchmarks.md has what that
-- costs. Unknown counts as "it is to be refused": null, where that is an error, or an empty text.
-- set_limit.sql writes the same.
do $$
declare
    field    text;
    measured text;
begin
    foreach field in array array['type', 'key', 'tenant', 'payload', 'body', 'content_type', 'meta']
    loop
        measured := case when field in ('payload', 'meta') then 'pg_column_size(value)'
                         else 'octet_length(value)' end;
        execute format('alter domain %I drop constraint %I', 'event_' || field,
                       'event_' || field || '_bytes');
        execute format(
            'alter domain %I add constraint %I check (%s <= %s or refuse_field(%L, %s)) not valid',
            'event_' || field, 'event_' || field || '_bytes',
            case when field in ('payload', 'body', 'meta') then measured
                 else format('nullif(%s, 0)', measured) end,
            (select to_jsonb(l) ->> case field when 'body' then 'payload_bytes'
                                               else field || '_bytes' end
               from event_limit l),
            field,
            case when field in ('type', 'payload') then format('coalesce(%s, -1)', measured)
                 else measured end);
    end loop;
end;
$$;
