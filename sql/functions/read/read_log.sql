-- read_log: the log, in its one order, for ever the same.
--
-- Reads the recorded batches again through their windows. What was recorded is final: the same
-- arguments give the same rows, whenever and however often.
--
-- Arguments   after_position: the first row has the position after it; 0 from the start.
--             limit_count: at most so many events.
-- Raises      BT071 events after after_position were dropped by retention: see log_beginning().
--             BT008 they were removed by somebody else.
-- Returns     position (1, 2, 3, ... without gaps) and the event, in order of position.
-- Cost        what it returns, and a little for each batch it touches.
-- Access: observe, orchestrate
create or replace function read_log(
    after_position bigint  default 0,
    limit_count    integer default 1000
)
returns table (
    "position"     bigint,
    id             bigint,
    dispatched_at  timestamptz,
    type           text,
    key            text,
    tenant         text,
    payload        jsonb,
    body           bytea,
    content_type   text,
    meta           jsonb,
    schema_version integer
)
language plpgsql
stable
security definer
set search_path from current
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    part      record;
    remaining integer := read_log.limit_count;
    expected  bigint;
    found_count bigint;
begin
    for part in select * from log_parts(read_log.after_position) loop
        exit when remaining <= 0;
        -- The last batch, if the log ends before after_position.
        continue when part.skip >= part.count;
        return query
            select part.first_position - 1 + row_number() over (order by e.id),
                   e.id, e.dispatched_at, e.type::text, e.key::text, e.tenant::text,
                   e.payload::jsonb, e.body::bytea, e.content_type::text, e.meta::jsonb,
                   e.schema_version::integer
              from (select *
                      from log_slice(
                        part.floor_id, part.floor_xid, part.seen_before, part.seen,
                        part.last_id, part.stragglers, part.after_id, part.count)
                     order by id
                     limit part.count) as e
             order by e.id
            offset part.skip
             limit remaining;
        get diagnostics found_count = row_count;
        expected := least(part.count - part.skip, remaining);
        if found_count <> expected then
            raise exception 'the log after position % has % events where % were recorded: events '
                'were removed',
                part.first_position - 1 + part.skip, found_count, expected
                using errcode = 'BT008';
        end if;
        remaining := remaining - found_count::integer;
    end loop;
end;
$$;
