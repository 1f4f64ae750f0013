-- Who waits for the ends of tasks: each row is one waiter's interest in one task. Rows are added
-- and deleted by the waiter, and by maintain() once the task has ended; task_parents is 1 while
-- there are some, so that completions look.
create table task_watch (
    task   bigint      not null,
    waiter uuid        not null,
    since  timestamptz not null default clock_timestamp(),

    constraint task_watch_unique primary key (task, waiter)
);
create index task_watch_by_waiter on task_watch (waiter);
