-- require_schedule_options: raise what is wrong with what is said of a schedule. Internal:
-- schedule().
--
-- Raises      BT057 something that cannot be, or does not go together. BT037 nobody registered the
--             handler. BT040 the event's type is not known. BT042 a priority or label. BT001, BT002
--             a field that is none, or too large.
create or replace function require_schedule_options(wanted schedule)
returns void
language plpgsql
stable
set search_path from current
as $$
declare
    earliest constant timestamptz := '1970-01-01 00:00:00+00';
    latest   constant timestamptz := '9000-01-01 00:00:00+00';
    fault    text;
begin
    fault := case
        when octet_length(wanted.name) between 1 and 128 is not true
        then 'its name has 1 to 128 bytes'
        when num_nonnulls(wanted.handler, wanted.event_type) <> 1
        then 'it is of a handler or of an event_type, one of the two'
        when wanted.labels is null
        then 'labels are an array'
        when wanted.overlap in ('skip', 'queue', 'cancel', 'allow') is not true
        then 'overlap is skip, queue, cancel or allow'
        when wanted.event_type is not null and wanted.overlap <> 'allow'
        then 'overlap is for tasks: an event has none'
        when wanted.event_type is not null and (wanted.priority <> 0 or wanted.labels <> '{}')
        then 'priority and labels are for tasks: an event has none'
        when wanted.handler is not null and wanted.key is not null
        then 'key is for events: a task has none'
        when wanted.missed in ('skip', 'last', 'all') is not true
        then 'missed is skip, last or all'
        when wanted.missed = 'all' and wanted.overlap in ('skip', 'cancel')
        then 'with missed all many are made at once, of which overlap ' || wanted.overlap
             || ' would leave one: say overlap queue or allow'
        when wanted.missed_limit between 1 and 1000 is not true
        then 'missed_limit is 1 to 1000'
        when wanted.missed_window between interval '1 minute' and interval '10 years' is not true
        then 'missed_window is 1 minute to 10 years'
        when wanted.jitter between interval '0' and interval '24 hours' is not true
        then 'jitter is 0 to 24 hours'
        when wanted.starts_at not between earliest and latest
             or wanted.ends_at not between earliest and latest
        then 'starts_at and ends_at are from 1970 to 9000'
        when wanted.ends_at < wanted.starts_at
        then 'it ends before it starts' end;
    if fault is not null then
        perform refuse_schedule(pg_catalog.format('schedule %s cannot be: %s', coalesce(
            pg_catalog.quote_literal(pg_catalog.left(wanted.name, 128)), 'null'), fault));
    end if;
    perform require_task_options(1, wanted.priority, null::interval, 'cancel', null::interval,
                                 false);
    perform sorted_labels(wanted.labels);
    if wanted.handler is not null then
        perform require_handler(wanted.handler);
    else
        perform wanted.event_type::event_type;
    end if;
end;
$$;
