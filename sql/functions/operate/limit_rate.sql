-- limit_rate: how many tasks of a handler nodes may take in so much time, all of them together.
--
-- It counts what was claimed, whatever became of that, tried again or not, from now on. In no
-- stretch of that time more are claimed; two in a hundred less may be. A node begins with what it
-- has claimed within a moment, if its threads are free.
--
-- Arguments   handler: which. at_most: 1 to 1,000,000; null: as many as they like. per: 1 second to
--             31 days.
-- Raises      BT037 nobody registered the handler. BT042 the rate is none.
-- Tables      handler: update.
-- Access: orchestrate
create or replace function limit_rate(
    handler text, at_most integer, per interval default '1 second')
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
    if limit_rate.at_most is not null
       and (limit_rate.at_most between 1 and 1000000
            and limit_rate.per between interval '1 second' and interval '31 days') is not true
    then
        raise exception 'of a handler 1 to 1000000 tasks may be claimed in 1 second to 31 days, '
            'not % in %', limit_rate.at_most, coalesce(limit_rate.per::text, 'null')
            using errcode = 'BT042';
    end if;
    perform require_handler(limit_rate.handler);
    update handler h
       set rate_max = limit_rate.at_most,
           rate_per = case when limit_rate.at_most is not null
                           then make_interval(secs => extract(epoch from limit_rate.per)) end
     where h.name = limit_rate.handler;
end;
$$;
