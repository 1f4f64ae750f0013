-- end_promotion: a promotion that was asked for will not be carried out.
--
-- Arguments   state: 'refused' by who would have carried it out, or 'cancelled' by who asked for
--             it. reason: why, for people to read.
-- Returns     whether it was still to be carried out.
-- Raises      42501 it is to be cancelled by who could not have asked for it, see promote().
--             BT011 it is to be refused by a session that neither leads nor keeps a build.
-- Tables      promotion: update. leader, view_build: read.
-- Access: orchestrate
create or replace function end_promotion(id bigint, state text, reason text)
returns boolean
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
begin
    if end_promotion.state = 'cancelled' then
        perform require_operator('cancel a promotion');
    elsif not exists (select from leader l
                       where l.backend_pid = pg_backend_pid() and l.mark_hash = own_session())
          and not exists (select from view_build b
                           where b.backend_pid = pg_backend_pid()
                             and b.mark_hash = own_session()) then
        raise exception 'deposed: this session neither leads nor keeps a build'
            using errcode = 'BT011';
    end if;
    update promotion p
       set state = end_promotion.state, reason = end_promotion.reason,
           ended_at = clock_timestamp()
     where p.id = end_promotion.id and p.state = 'requested'
       and end_promotion.state in ('refused', 'cancelled');
    return found;
end;
$$;
