-- promote: make a version of a view set the live one; of several sets in one switch.
--
-- The process that keeps the builds does it: it takes the lead, folds what little is missing, and
-- switches, see switch_versions(). This only asks it to; promotion_state() tells what became of it.
--
-- Arguments   view_sets, versions: what is to be live. when_ready: wait until the builds are ready;
--             else they must be, which is within one batch of the log's end. A version that was
--             live before is waited for in any case: it is far from the end only because much
--             comes; and for half a minute after the switch from it nobody may have it yet, because
--             who led with it takes a moment to come back.
-- Returns     the promotion's id.
-- Raises      BT034 there is no such version. BT035 it cannot be promoted: it is live, retired,
--             halted, not ready, or nobody keeps it; another promotion is under way; the sets do
--             not go together, or the process that keeps it does not carry what else is live.
--             42501 the caller is not the environment's owner, and this is no development
--             environment.
-- Notifies    '<schema>_leader', for the processes that stand by.
-- Tables      set_version, view_state, view_build, environment: read. promotion: insert.
-- Access: orchestrate
create or replace function promote(
    view_sets text[], versions integer[], when_ready boolean default false)
returns bigint
language plpgsql
volatile
security definer
set search_path from current
set jit = off
as $$
#variable_conflict use_column
declare
    after    text[];
    member   record;
    head     bigint;
    is_able  boolean;
    awaited  record;
    lagging  text;
    busy     promotion;
    made     bigint;
begin
    perform require_operator('promote');
    if pg_catalog.cardinality(view_sets) is distinct from pg_catalog.cardinality(versions)
       or coalesce(pg_catalog.cardinality(view_sets), 0) = 0 then
        raise exception 'promote: as many versions as view sets, one at least'
            using errcode = 'BT034';
    end if;
    after := live_sets_after(promote.view_sets, promote.versions);
    head := coalesce((select b.first_position + b.count - 1 from batch b
                       order by b.first_position desc limit 1), 0);
    -- A view that versions share may be kept by a process of another one, which gives it up.
    -- What nobody keeps may be kept by who is started next.
    is_able := exists (select from promotion_builds(promote.view_sets, promote.versions) as m
                        where m.is_kept and after <@ (m.b).view_sets
                           or m.is_kept is not true
                              and (promote.when_ready
                                   or (former_keeper(m.view, m.version)).is_expected));
    for member in select * from promotion_builds(promote.view_sets, promote.versions) as m loop
        select * into awaited from former_keeper(member.view, member.version);
        if (member.b).state = 'halted' then
            raise exception 'the build of %@% is halted at position %: %; see "baton dead list"',
                member.view, member.version, (member.b).position, (member.b).reason
                using errcode = 'BT035';
        end if;
        if member.is_kept is not true then
            continue when promote.when_ready or awaited.is_expected;
            raise exception 'nobody keeps %@%: start a program that carries it', member.view,
                member.version
                using errcode = 'BT035';
        elsif (member.b).state <> 'ready' and not (promote.when_ready or awaited.was_live) then
            raise exception '%@% is not ready: it has % of % events; wait, or use --when-ready',
                member.view, member.version, (member.b).position, head
                using errcode = 'BT035';
        end if;
        if not (promote.when_ready or is_shown(member.view, member.version)) then
            raise exception 'view % cannot be made to show version % as long as somebody reads '
                'it: wait, or use --when-ready',
                member.view, member.version
                using errcode = 'BT035';
        end if;
        -- Waiting does not help: who keeps a build goes on to.
        if not is_able then
            raise exception 'the process that keeps %@% (%) does not carry %, which would be live, '
                'too: promote together what it carries (%), or give it that',
                member.view, member.version, (member.b).node,
                (select string_agg(a, ', ') from pg_catalog.unnest(after) as a
                  where a <> all ((member.b).view_sets)),
                pg_catalog.array_to_string((member.b).view_sets, ', ')
                using errcode = 'BT035';
        end if;
    end loop;

    lagging := shared_laggard(promote.view_sets, promote.versions);
    if lagging is not null and not promote.when_ready then
        raise exception '%: resolve what it stands before, or give it a new version, too; or wait, '
            'or use --when-ready',
            lagging
            using errcode = 'BT035';
    end if;

    select * into busy from promotion p where p.state = 'requested' for update skip locked;
    if found then
        raise exception 'promotion % (%) is under way: wait for it, or end it with "baton promote '
            '--cancel %"',
            busy.id, pg_catalog.array_to_string(busy.view_sets, ', '), busy.id
            using errcode = 'BT035';
    end if;
    insert into promotion (view_sets, versions, when_ready)
    values (promote.view_sets, promote.versions, promote.when_ready)
    returning id into made;
    perform pg_catalog.pg_notify(current_schema() || '_leader', '');
    return made;
exception when unique_violation then
    raise exception 'another promotion is under way'
        using errcode = 'BT035';
end;
$$;
