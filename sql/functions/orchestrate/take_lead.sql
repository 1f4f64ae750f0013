-- take_lead: become the leader of this environment, if its machine is enrolled here and nobody else
-- leads.
--
-- A machine that is not admitted gets the reason as an answer, not as an exception: commit, because
-- the attempt is written down in the same transaction. See admit_machine().
--
-- What decides is the epoch. When the leader's session is gone, the next one takes over at once; no
-- lock says so, because whoever may connect could take that. A leader whose lease ran out (it
-- hangs, or its host is gone) is deposed even if its session still stands; that session is then
-- ended, because it may hold the locks that a leader needs. A session in the middle of a statement
-- does not hang: a leader that cannot extend the lease because a batch takes long would be deposed
-- for ever by the next, which cannot either.
--
-- Whether it is in the middle of a statement can be hidden, see leader_session(). Then a session
-- without a transaction is deposed when the lease is over, as it cannot be in a batch; one with a
-- transaction is believed for ten leases more, as it may be in a long batch, or hang. So a batch
-- that takes longer than eleven leases needs `grant pg_read_all_stats to` the environment's owner;
-- with pg_signal_backend beside it, the session of a leader that hangs is ended, too.
--
-- Another session that got the process id of a leader that is gone is taken for it at most for
-- that long, and not at all where its beginning can be seen. It can write nothing: see fence().
--
-- A process that does not carry every live version never leads: it would keep some views and not
-- others. The exception is a process that carries out a promotion. It becomes the leader at once,
-- whoever leads, and may do no more than switch_versions() until those versions are live; if it
-- fails to, it resigns.
--
-- Arguments   node: who asks, for people to read. reducers, view_sets: what it carries.
--             lease: how long a silent leader is believed. environment, machine_id, proof,
--             enrol_as: see admit_machine(). promotion: which one it carries out, see
--             open_promotion().
-- Returns     one row. epoch: the new epoch, or null. refused_code, refused_message: why it may not
--             lead here. lacking: the live set version that the caller does not carry. Where all
--             are null somebody else leads, or the promotion is not to be carried out just now.
-- Raises      BT009 see rebase_log() and require_rows().
-- Locks       the leader's row, for which it waits no longer than lock_timeout (55P03).
-- Tables      leader: update. leadership: insert. log_window, log_origin: see rebase_log().
--             machine, set_version: read. refusal: see admit_machine().
-- Access: orchestrate
create or replace function take_lead(
    node        text,
    reducers    versioned[],
    view_sets   versioned[],
    lease       interval,
    environment text default null,
    machine_id  text default null,
    proof       text default null,
    enrol_as    bytea default null,
    promotion   bigint default null
)
returns table (epoch bigint, refused_code text, refused_message text, lacking versioned)
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    former      leader;
    session     record;
    is_believed boolean;
    new_epoch   bigint;
begin
    perform require_rows();
    select a.code, a.message into refused_code, refused_message
      from admit_machine(take_lead.environment, take_lead.node, take_lead.machine_id,
                         take_lead.proof, take_lead.enrol_as) as a;
    if refused_code is not null then
        return next;
        return;
    end if;

    if take_lead.promotion is null then
        select s.view_set, s.version into lacking
          from set_version s
         where s.state = 'live'
           and (s.view_set, s.version)::versioned <> all (take_lead.view_sets)
         order by s.view_set
         limit 1;
        if lacking is not null then
            return next;
            return;
        end if;
    elsif open_promotion(take_lead.view_sets) is distinct from take_lead.promotion then
        return next;
        return;
    end if;

    select * into strict former from leader where only_row;
    select s.pid, s.is_same, s.is_busy into session
      from leader_session(former) as s
     where s.pid <> pg_backend_pid();
    is_believed := case
        when session.pid is null then false
        when session.is_busy is null
        then former.lease_until + 10 * take_lead.lease > clock_timestamp()
        else session.is_busy or former.lease_until > clock_timestamp() end;
    if is_believed and take_lead.promotion is null then
        return next;
        return;
    end if;

    if session.pid is not null and not is_believed then
        begin
            perform pg_catalog.pg_terminate_backend(session.pid, 1000) where session.is_same;
        exception when insufficient_privilege then
            -- Another role's session: the epoch deposes it all the same.
            null;
        end;
    end if;

    -- revoke_machine() marks the machine, then wants this lock: it finds this leadership, or the
    -- mark is found here.
    perform from leader where only_row for update;
    if exists (select from machine m
                where m.machine_id = take_lead.machine_id and m.revoked_at is not null)
    then
        select a.code, a.message into refused_code, refused_message
          from admit_machine(take_lead.environment, take_lead.node, take_lead.machine_id,
                             take_lead.proof, take_lead.enrol_as) as a;
        return next;
        return;
    end if;

    update leader
       set epoch = former.epoch + 1,
           node = take_lead.node,
           backend_pid = pg_backend_pid(),
           mark_hash = own_session(),
           backend_start = (select a.backend_start from pg_stat_activity a
                             where a.pid = pg_backend_pid()),
           login = session_user,
           machine_id = take_lead.machine_id,
           lease_until = clock_timestamp() + take_lead.lease,
           since = clock_timestamp(),
           reducers = take_lead.reducers
     where only_row and leader.epoch = former.epoch
    returning leader.epoch into new_epoch;
    if new_epoch is null then
        return next;
        return;
    end if;

    insert into leadership (epoch, node, reducers)
    values (new_epoch, take_lead.node, take_lead.reducers);
    perform rebase_log();
    epoch := new_epoch;
    return next;
end;
$$;
