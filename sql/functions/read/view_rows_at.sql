-- view_rows_at: the rows of the task sets that were published at a position of the log. For `baton
-- view --at`, where the view is one of task sets.
--
-- A set is published at the position of its event set/published. Readers see it from the moment
-- when that is committed, and the log has it with its next batch.
--
-- Arguments   view: its name. at: a position.
-- Returns     the rows as JSON, by set and key.
-- Raises      BT023 there is no such view. BT023 the rows of a set that was published then are
--             gone: they were kept as long as the set says. BT071 the log begins behind that
--             position: which were published before it is not known any more.
-- Tables      task_set_view, task_set, task_set_pin: read. <view>__v<version>: read.
-- Access: observe, orchestrate
create or replace function view_rows_at(view text, at bigint)
returns setof jsonb
language plpgsql
stable
security definer
set search_path from current
set jit = off
as $$
#variable_conflict use_column
declare
    shown record;
begin
    if not exists (select from task_set_view v where v.view = view_rows_at.view) then
        raise exception 'there is no view % of task sets', pg_catalog.left(view_rows_at.view, 80)
            using errcode = 'BT023';
    end if;
    perform is_log_kept(view_rows_at.at);
    for shown in
        select distinct on (v.handler, s.key) s.id, s.cleared_at,
               v.view || '__v' || v.version::text as place, v.columns
          from task_set s
          join task_set_pin p on p.task_set = s.id
          join task_set_view v on v.handler = p.handler and v.version = p.version
         where v.view = view_rows_at.view and s.state = 'published'
           and event_position(s.published_event) <= view_rows_at.at
         order by v.handler, s.key, s.id desc
    loop
        if shown.cleared_at is not null then
            raise exception 'task set % was published at position %, and its rows are gone since %',
                shown.id, view_rows_at.at, pg_catalog.date_trunc('second', shown.cleared_at)
                using errcode = 'BT023';
        end if;
        return query execute pg_catalog.format(
            'select to_jsonb(r) from (%s) as r',
            rows_query(pg_catalog.format('(select * from %I where task_set = %s) as s', shown.place,
                                         shown.id), shown.columns));
    end loop;
end;
$$;
