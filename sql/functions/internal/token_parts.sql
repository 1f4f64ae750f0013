-- token_parts: what tokens of claim() say. Internal: advance(), await_callback(), complete_many(),
-- complete_member(), ended_by(), held_many(), held_tasks(), lock_claims(), lock_runs(),
-- member_of(), member_shown(), refuse_token(), require_bookmark(), require_held().
--
-- A token is the task's id, a point, and the claim's id; or those of a bookmark, and its claim. It
-- needs no secret: the session is one.
--
-- Arguments   tokens: as somebody shows them.
-- Returns     one row for each: which number it has among the tokens, from 1. task and claim are
--             null where it has not the form of a token.
-- Cost        inlined by the planner; the form is looked at once (that is what the offset is for).
create or replace function token_parts(tokens text[])
returns table (ordinal bigint, token text, task bigint, claim bigint)
language sql
immutable
begin atomic
    select g.ordinal, g.token, pg_catalog.split_part(g.good, '.', 1)::bigint,
           pg_catalog.split_part(g.good, '.', 2)::bigint
      from (select s.ordinal, s.token,
                   case when s.token ~ '^[0-9]{1,18}[.][0-9]{1,18}$' then s.token end as good
              from pg_catalog.unnest(token_parts.tokens) with ordinality as s (token, ordinal)
            offset 0) as g;
end;
