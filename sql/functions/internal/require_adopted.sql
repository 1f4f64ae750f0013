-- require_adopted: raise that nothing may be done here, because this is a copy and nobody has said
-- what it is now. Internal: advance(), backfill_schedule(), call_back(), claim(), follow(),
-- read_follow(), run_schedule().
--
-- A node that registered where the copy was made can come here with its session; what is written
-- down of one that registers here, register_node() does.
--
-- Raises    BT049.
create or replace function require_adopted()
returns void
language plpgsql
stable
set search_path from current
as $$
declare
    reason constant text := unadopted();
begin
    if reason is not null then
        raise log 'baton: BT049 refused in %', current_schema();
        raise exception '%', reason using errcode = 'BT049';
    end if;
end;
$$;
