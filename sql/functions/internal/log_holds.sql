-- log_holds: who still needs events of the log, and from where on. Internal:
-- partition_hold(), retention().
--
-- A view that follows has them all. One that is behind or halted, and a build, reads on from where
-- it stands; so does a bookmark that is not cut, and a backfill. Members of a task set that is open
-- read the log up to the set's input position: it holds what came with that, so that they end with
-- the log that they began with. A run whose workflow waits for events looks for them from its
-- beginning on.
--
-- Returns     holder: for people; kind; position: it has done with the events up to there.
-- Tables      view_state, view_build, bookmark, task_set, workflow_run, workflow_step,
--             subscription_backfill, statistic_progress: read.
create or replace function log_holds()
returns table (kind text, holder text, "position" bigint)
language sql
stable
set search_path from current
as $$
    select 'view', pg_catalog.format('view %s@%s, which is %s', v.view, v.version, v.state),
           v.position
      from view_state v
     where v.state <> 'following'
     union all
    select 'build', pg_catalog.format('the build of %s@%s, which is %s', b.view, b.version,
                                      b.state),
           b.position
      from view_build b
     union all
    select 'bookmark', 'bookmark ' || pg_catalog.quote_literal(b.name), b.position
      from bookmark b
     where b.cut_at is null
     union all
    select 'task_set', pg_catalog.format('task set %s of %s, key %s, which is open', s.id,
                                         s.handler, pg_catalog.quote_literal(s.key)),
           s.input_position
      from task_set s
     where s.state = 'open'
     union all
    (select 'run', pg_catalog.format('run %s of workflow %s, which waits for events', r.id, r.name),
            r.start_position
       from workflow_run r
      where r.ended_at is null
        and exists (select from workflow_step s
                     where s.digest = r.digest and s.event is not null)
      order by r.start_position
      limit 1)
     union all
    select 'backfill', pg_catalog.format('the backfill of %s for %s', f.type, f.handler), f.done_to
      from subscription_backfill f
     where f.done_to < f.last_position
     union all
    select 'statistics', 'statistics, which count events', p.position from statistic_progress p;
$$;
