-- adopt_environment: say what a copy of an environment is, here: a dump that was restored, a
-- database that was copied. Until then nothing is done in it but to keep its views: unadopted().
--
-- The machines of the environment that was copied are none of this one, whatever it is called now,
-- and their nodes have ended; enrol those that are to take part. A process that leads here has to
-- be admitted again. What waits, or had a node, is kept where the copy is production now, so that
-- nothing is lost that the former one had not done; elsewhere it is cancelled, because it is the
-- other one's to do; and its schedules are paused, its bookmarks moved to the end of the log. So is
-- what would follow from events that were dispatched so far.
--
-- All of it is one transaction. What was said before may be said again, and changes nothing.
--
-- Arguments   name: the environment's from now on. kind: production, staging or development.
--             discard: what waits is cancelled; null: unless the kind is production.
-- Returns     how many tasks were cancelled.
-- Raises      BT014, BT016 as describe_environment(). BT016 it is at home here, and is not as was
--             said. BT006 the transaction's snapshot is fixed. BT009 see require_rows().
-- Locks       what maintain() and a batch lock; the tables of the tasks and of the log against
--             writers. It waits for each no longer than lock_timeout (55P03).
-- Notifies    see revoke_machine().
-- Tables      environment, environment_home: read, update. machine: delete, see revoke_machine().
--             node, maintenance: update. turn, leader: read, lock. task_claim, task_ready,
--             task_due, event: lock, see discard_tasks(). schedule, bookmark: update.
create or replace function adopt_environment(
    name text, kind text, discard boolean default null)
returns bigint
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    former    environment;
    discarded bigint := 0;
begin
    perform require_read_committed('adopt_environment');
    perform require_rows();
    if adopt_environment.kind is null then
        raise exception 'say what the environment % is: production, staging or development',
            adopt_environment.name
            using errcode = 'BT016';
    end if;
    -- In the order in which others lock them: a pass of maintain(), a batch.
    perform from turn where name = 'maintenance' for update;
    perform from leader where only_row for update;
    select e.* into strict former from environment e where e.only_row for update;
    if unadopted() is null then
        if (former.name, former.kind) is distinct from
           (adopt_environment.name, adopt_environment.kind)
        then
            raise exception 'the environment % is at home here, as one of kind %: there is '
                'nothing to adopt',
                former.name, coalesce(former.kind, 'production')
                using errcode = 'BT016';
        end if;
        return 0;
    end if;

    lock table task_claim, task_ready, task_due, task_in_lane, event in share row exclusive mode;
    update environment set kind = null where only_row;
    perform describe_environment(adopt_environment.name, adopt_environment.kind);
    update environment_home h
       set system_identifier = this_cluster(),
           database_id = (select d.oid from pg_catalog.pg_database d
                           where d.datname = pg_catalog.current_database()),
           table_id = 'environment_home'::regclass, written_by = pg_current_xact_id(),
           since = clock_timestamp(), adopted_by = session_user, no_tasks_to = 0
     where h.only_row;
    perform revoke_machine(m.machine_id) from machine m;
    delete from machine;
    update node set ended_at = clock_timestamp() where ended_at is null;
    -- Of another cluster's transactions it waits for none.
    update maintenance set ended_before = '0' where only_row;
    if coalesce(adopt_environment.discard, adopt_environment.kind <> 'production') then
        discarded := discard_tasks(pg_catalog.format(
            'cancelled by %s, who adopted this copy as %s', session_user, adopt_environment.kind));
        update schedule s
           set due_at = null, paused_at = clock_timestamp(), paused_by = session_user,
               pause_reason = 'this copy was adopted as ' || adopt_environment.kind
         where s.paused_at is null;
        update bookmark b set position = log_end(), cut_at = null, cut_reason = null;
    end if;
    -- None is late for what happened while nobody could follow.
    update bookmark b set claim = b.claim + 1, node = null, moved_at = clock_timestamp();
    return discarded;
end;
$$;
