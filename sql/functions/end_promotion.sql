-- end_promotion: a promotion that was asked for will not be carried out.
--
-- Arguments   state: 'refused' by who would have carried it out, or 'cancelled' by who asked for
--             it. reason: why, for people to read.
-- Returns     whether it was still to be carried out.
-- Raises      42501 it is to be cancelled by who could not have asked for it, see promote().
-- Tables      promotion: update.
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
    end if;
    update promotion p
       set state = end_promotion.state, reason = end_promotion.reason,
           ended_at = clock_timestamp()
     where p.id = end_promotion.id and p.state = 'requested'
       and end_promotion.state in ('refused', 'cancelled');
    return found;
end;
$$;
