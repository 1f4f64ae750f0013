-- claim_builds: take on the builds that the caller carries and nobody else keeps.
--
-- What a promotion needs is left to those who carry that, see open_promotion().
--
-- One process keeps a build: every write of its shows the claim, see note_build(); and as long as
-- it calls this again and again nobody else takes it, see is_kept(). A machine that is not admitted
-- gets the reason as an answer, as in take_lead(): commit.
--
-- Arguments   node, environment, machine_id, proof, enrol_as: see take_lead(). reducers,
--             view_sets: what the caller carries.
-- Returns     a row for each build that is the caller's from here on; or one with refused_code and
--             refused_message.
-- Locks       the turn 'builds', so that of two processes one gets all that there is; until the
--             transaction ends.
-- Tables      turn: lock. view_build: update. promotion, set_member, machine: read. refusal: see
--             admit_machine().
-- Access: orchestrate
create or replace function claim_builds(
    node        text,
    reducers    versioned[],
    view_sets   versioned[],
    environment text default null,
    machine_id  text default null,
    proof       text default null,
    enrol_as    bytea default null
)
returns table (view text, version integer, "position" bigint, state text, claim bigint,
               refused_code text, refused_message text)
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    b view_build;
begin
    select a.code, a.message into refused_code, refused_message
      from admit_machine(claim_builds.environment, claim_builds.node, claim_builds.machine_id,
                         claim_builds.proof, claim_builds.enrol_as) as a;
    if refused_code is not null then
        return next;
        return;
    end if;
    -- revoke_machine() waits for this and takes back what is claimed, or has marked it already.
    perform from machine m
      where m.machine_id = claim_builds.machine_id and m.revoked_at is null
        for share;
    if not found then
        return;
    end if;
    perform from turn where name = 'builds' for update;
    update view_build v set seen_at = clock_timestamp()
     where v.backend_pid = pg_backend_pid() and v.mark_hash = own_session();
    for b in
        select * from view_build v
         where (v.view, v.version)::versioned = any (claim_builds.reducers)
           and not is_kept(v)
           and not exists (
                select from promotion p
                 cross join lateral unnest(p.view_sets, p.versions) as w (view_set, version)
                  join set_member m on m.view_set = w.view_set and m.set_version = w.version
                 where p.state = 'requested' and m.member = v.view and m.version = v.version
                   and exists (
                        select from unnest(p.view_sets, p.versions) as o (view_set, version)
                         where (o.view_set, o.version)::versioned
                               <> all (claim_builds.view_sets)))
         order by v.view, v.version
    loop
        return query
            update view_build v
               set claim = v.claim + 1, node = claim_builds.node, backend_pid = pg_backend_pid(),
                   mark_hash = own_session(), machine_id = claim_builds.machine_id,
                   view_sets = claim_builds.view_sets,
                   seen_at = clock_timestamp(), claimed_at = clock_timestamp(),
                   claimed_position = v.position
             where v.view = b.view and v.version = b.version
            returning v.view, v.version, v.position, v.state, v.claim, null::text, null::text;
    end loop;
end;
$$;
