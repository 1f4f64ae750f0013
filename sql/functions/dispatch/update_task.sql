-- update_task: change a task that nobody has yet: what it is to do, when, and how urgent it is.
--
-- What is not said stays. The task keeps its id, its unique key, its lane and its place; where its
-- priority or labels change it goes before those of its priority that were never handed out.
--
-- Arguments   task: of enqueue(). payload: as enqueue() takes it, in place of the former, or of the
--             bytes that it was made of. schema_version: of the payload.
--             priority: as enqueue() takes it. run_at: not before that; a time that is over: now.
--             labels, expires_at: as enqueue() takes them.
-- Returns     where it stands: 'waiting', 'due' or 'following': it is changed. 'claimed', or how it
--             has ended: then nothing was changed, for a node may have read it already.
-- Raises      BT042 there is no such task, or it is a member of a task set, or a priority, label or
--             schema version is none. BT050 it was forgotten. BT001, BT002 as enqueue(). BT006 the
--             transaction's snapshot is fixed.
-- Locks       see pull_task(): claims pass it by until the transaction ends.
-- Notifies    a node that sleeps, where it is ready now.
-- Tables      task: read, update. requirement, task_set_member: read. task_expiry: see
--             set_expiry(). Its place: see pull_task(), put_task().
-- Access: dispatch, orchestrate
create or replace function update_task(
    task     bigint,
    payload  jsonb       default null,
    run_at   timestamptz default null,
    priority integer     default null,
    labels   text[]      default null,
    schema_version integer default null,
    expires_at timestamptz default null
)
returns text
language plpgsql
volatile
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
    former record;
    need   requirement;
    moved  boolean;
begin
    perform require_read_committed('update_task');
    perform require_task_options(coalesce(update_task.schema_version, 1),
                                 coalesce(update_task.priority, 0), null::interval, 'cancel',
                                 null::interval, false);
    select r.* into need
      from task t
      join requirement r on r.id = t.requirement
     where t.id = update_task.task;
    if need.build is not null then
        raise exception 'task % is %', update_task.task,
            case when exists (select from task_set_member m where m.task = update_task.task)
                 then 'a member of a task set, which is made of what its members were given: '
                      'abandon the set, or cancel the task'
                 else 'a step of a workflow, which gets what the step before it gave: restart the '
                      'run, or cancel the task' end
            using errcode = 'BT042';
    end if;
    select p.* into strict former
      from pull_task(update_task.task, array['waiting', 'due', 'following']) as p;
    if not former.is_pulled then
        return former.state;
    end if;

    -- Nobody else can have changed it since, but an update_task() that this one has waited for.
    select r.* into strict need
      from task t
      join requirement r on r.id = t.requirement
     where t.id = update_task.task;
    if update_task.labels is not null then
        need.id := requirement_of(need.handler, need.version, update_task.labels);
    end if;
    select (t.priority, t.requirement)
           is distinct from (coalesce(update_task.priority, t.priority), need.id) into moved
      from task t
     where t.id = update_task.task;
    perform open_rank(need.id, coalesce(update_task.priority, t.priority))
       from task t where moved and t.id = update_task.task;
    update task t
       set requirement = need.id, priority = coalesce(update_task.priority, t.priority),
           payload = coalesce(update_task.payload, t.payload),
           body = case when update_task.payload is null then t.body end,
           content_type = case when update_task.payload is null then t.content_type end,
           schema_version = coalesce(update_task.schema_version, t.schema_version)
     where t.id = update_task.task
       and (moved or update_task.payload is not null or update_task.schema_version is not null);
    perform set_expiry(update_task.task, update_task.expires_at);
    perform put_task(update_task.task, former.state, former.ready, former.due, former.attempts,
                     former.deliveries, update_task.run_at, moved);
    return (select s.state from task_standings(array[update_task.task]) as s);
end;
$$;
