-- The limits of an event, said in fewer words.
--
-- To compare a length costs next to nothing; what counts is how many functions and operators the
-- checks name, because each INSERT looks all of them up anew. Written as `between`, they made a
-- transaction that dispatches a twelfth dearer for the server (callgrind, PostgreSQL 15: 345,000
-- instructions, and 316,000 so, of which dispatch() saves 7,000 itself). Unknown counts as "it is
-- to be refused": null, where that is an error, or an empty text. functions/set_limit.sql writes
-- the same.
do $$
declare
    one      record;
    measured text;
begin
    for one in
        select d.name, d.field, (to_jsonb(l) ->> coalesce(d.setting, d.field || '_bytes')) as most
          from event_limit l
         cross join (values ('event_type', 'type', null), ('event_key', 'key', null),
                            ('event_tenant', 'tenant', null), ('event_payload', 'payload', null),
                            ('event_body', 'body', 'payload_bytes'), ('event_meta', 'meta', null),
                            ('event_content_type', 'content_type', null)
               ) as d (name, field, setting)
    loop
        measured := case when one.field in ('payload', 'meta') then 'pg_column_size(value)'
                         else 'octet_length(value)' end;
        execute format('alter domain %I drop constraint %I', one.name, one.name || '_bytes');
        execute format(
            'alter domain %I add constraint %I check (%s <= %s or refuse_field(%L, %s)) not valid',
            one.name, one.name || '_bytes',
            case when one.field in ('payload', 'body', 'meta') then measured
                 else format('nullif(%s, 0)', measured) end,
            one.most, one.field,
            case when one.field in ('type', 'payload') then format('coalesce(%s, -1)', measured)
                 else measured end);
    end loop;
end;
$$;
