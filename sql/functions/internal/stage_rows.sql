-- stage_rows: put down the rows that a member of a task set made, where readers do not see them
-- yet. Internal: complete_member().
--
-- Arguments   m: the member. rows: see complete_member().
-- Returns     a digest of them.
-- Raises      BT042 they are not as they must be.
-- Tables      task_set_pin, task_set_view: read. <view>__v<version>: insert.
create or replace function stage_rows(m task_set_member, rows jsonb)
returns bytea
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    shown  task_set_view;
    reason text;
    detail text;
begin
    if pg_catalog.jsonb_typeof(stage_rows.rows) is distinct from 'array' then
        raise exception 'the rows of member % are no JSON array', m.member
            using errcode = 'BT042';
    end if;
    if stage_rows.rows <> '[]' then
        select v.* into shown
          from task_set_pin p
          join task_set_view v on v.handler = p.handler and v.version = p.version
         where p.task_set = m.task_set and p.requirement = m.requirement;
        if shown.view is null then
            raise exception 'the handler of member % registered no view for its rows', m.member
                using errcode = 'BT042';
        end if;
        execute pg_catalog.format(
            'insert into %I (task_set, member, %s) select $1, $2, %2$s '
            'from pg_catalog.jsonb_to_recordset($3) as r (%s)',
            shown.view || '__v' || shown.version::text,
            (select string_agg(pg_catalog.quote_ident(c ->> 'name'), ', ' order by n)
               from jsonb_array_elements(shown.columns) with ordinality as e (c, n)),
            (select string_agg(pg_catalog.format('%I %s', c ->> 'name', (c ->> 'type')::regtype),
                               ', ' order by n)
               from jsonb_array_elements(shown.columns) with ordinality as e (c, n)))
          using m.task_set, m.member, stage_rows.rows;
    end if;
    return pg_catalog.sha256(pg_catalog.convert_to(stage_rows.rows::text, 'UTF8'::name));
exception
    when unique_violation then
        get stacked diagnostics detail = pg_exception_detail;
        raise exception 'the rows of member % of task set %: %', m.member, m.task_set,
            coalesce(nullif(detail, ''), 'a key is there twice')
            using errcode = 'BT042';
    when data_exception or integrity_constraint_violation then
        get stacked diagnostics reason = message_text;
        raise exception 'the rows of member % of task set % do not fit view %: %',
            m.member, m.task_set, shown.view, reason
            using errcode = 'BT042';
end;
$$;
