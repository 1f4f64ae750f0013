-- give_key: a task has a unique key from now on, or follows the one that has it. Internal:
-- enqueue_apart(), may_return(), which have locked the key.
--
-- Arguments   handler, tenant, key: which. task: to whom. follows: whom it follows; null for
--             nobody. since: of the one that it replaces; null: it replaces none. former_free_at,
--             free_at: see task_key; null: what is said there stays.
-- Tables      task_key: update.
create or replace function give_key(
    handler text, tenant text, key text, task bigint, follows bigint, since timestamptz,
    former_free_at timestamptz, free_at timestamptz)
returns void
language sql
volatile
set search_path from current
as $$
    update task_key k
       set task = coalesce(give_key.follows, give_key.task),
           next = case when give_key.follows is not null then give_key.task end,
           since = coalesce(give_key.since, clock_timestamp()),
           former_free_at = case when give_key.free_at is null then k.former_free_at
                                 else give_key.former_free_at end,
           free_at = coalesce(give_key.free_at, k.free_at)
     where k.handler = give_key.handler and k.tenant = key_tenant(give_key.tenant)
       and k.key = give_key.key;
$$;
