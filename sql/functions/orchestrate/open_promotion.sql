-- open_promotion: the promotion that the caller can carry out, if one is asked for. Internal, for
-- processes that stand by; called in the session that claimed the builds.
--
-- A promotion whose build was halted meanwhile is refused here. Versions that share a view share
-- its build, which one process keeps: where that one does not carry what is to be promoted it gives
-- up what it keeps, and whoever does carry it takes it on, see claim_builds().
--
-- Arguments   carried: the set versions that the caller carries.
-- Returns     its id; null if there is none, or it is another's to carry out, or something stands
--             in its way yet.
-- Raises      BT011 the caller keeps a build that another's promotion needs: end the session.
-- Tables      promotion: update.
-- Access: orchestrate
create or replace function open_promotion(carried versioned[])
returns bigint
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    p        promotion;
    obstacle record;
    after    versioned[];
    member   record;
begin
    select * into p from promotion where state = 'requested';
    if not found then
        return null;
    end if;
    select * into obstacle from promotion_obstacles(p.view_sets, p.versions, false) limit 1;
    -- Not end_promotion(): whoever comes across it may say so.
    if obstacle.kind in ('unfit', 'halted') then
        update promotion t
           set state = 'refused', ended_at = clock_timestamp(), reason = obstacle.what
         where t.id = p.id and t.state = 'requested';
        return null;
    end if;
    begin
        after := live_sets_after(p.view_sets, p.versions);
    exception when sqlstate 'BT034' or sqlstate 'BT035' then
        return null;  -- It was carried out since the look above.
    end;
    if not after <@ open_promotion.carried then
        select m.view, m.version into member
          from promotion_builds(p.view_sets, p.versions) as m
         where (m.b).backend_pid = pg_backend_pid() and (m.b).mark_hash = own_session()
           and exists (select from unnest(p.view_sets, p.versions) as w (view_set, version)
                        where (w.view_set, w.version)::versioned
                              <> all (open_promotion.carried))
         limit 1;
        if found then
            raise exception 'the build of %@% is given up: promotion % needs it, which this '
                'process does not carry',
                member.view, member.version, p.id
                using errcode = 'BT011';
        end if;
        return null;
    end if;
    if obstacle.kind is not null
       or exists (select from promotion_builds(p.view_sets, p.versions) as m
                   where (m.b).backend_pid is distinct from pg_backend_pid()
                      or (m.b).mark_hash is distinct from own_session())
    then
        return null;
    end if;
    return p.id;
end;
$$;
