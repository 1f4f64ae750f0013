-- fair_lane_name: in which lane of a fair handler a task is that names none. Internal:
-- add_event_tasks(), enqueue_apart(), enqueue_many(), set_fairness().
--
-- Arguments   tenant: of the task, or null.
-- Returns     the lane's name: one for each tenant, and one for all that have none.
create or replace function fair_lane_name(tenant text)
returns text
language sql
immutable
begin atomic
    select coalesce(nullif(pg_catalog.left(fair_lane_name.tenant, 128), ''), '(no tenant)');
end;
