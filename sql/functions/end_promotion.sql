-- end_promotion: a promotion that was asked for will not be carried out.
--
-- Arguments   state: 'refused' by who would have carried it out, or 'cancelled' by who asked for
--             it. reason: why, for people to read.
-- Returns     whether it was still to be carried out.
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
    update promotion p
       set state = end_promotion.state, reason = end_promotion.reason,
           ended_at = clock_timestamp()
     where p.id = end_promotion.id and p.state = 'requested'
       and end_promotion.state in ('refused', 'cancelled');
    return found;
end;
$$;
