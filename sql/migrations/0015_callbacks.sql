-- Tasks that an endpoint has taken over: it answered 202, and says by call_back() what came of
-- them.

-- What waits for a callback, and what came of it. The task stands in task_due meanwhile, where its
-- time is infinity: nobody but call_back(), expire_callbacks() and a person moves it from there.
--   digest    sha256 of the token, which the endpoint has and nobody else.
--   claim, node, claimed_at, attempts, deliveries  under which it was given to the endpoint; those
--             before it. Of a task the newest claim's counts.
--   until_at  when it is too late.
--   outcome   done; retry or dead, the attempt failed; late, nothing came in time, or the task was
--             taken elsewhere meanwhile. Null while it waits. over_at: since when it does not.
create table task_callback (
    task       bigint      not null,
    digest     bytea       not null,
    claim      bigint      not null,
    node       bigint      not null,
    claimed_at timestamptz not null,
    attempts   smallint    not null,
    deliveries smallint    not null,
    until_at   timestamptz not null,
    outcome    text,
    over_at    timestamptz,

    constraint task_callback_unique primary key (task, claim),
    constraint task_callback_digest_length check (octet_length(digest) = 32),
    constraint task_callback_outcome_known check (outcome in ('done', 'retry', 'dead', 'late')),
    constraint task_callback_over check ((outcome is null) = (over_at is null))
) with (fillfactor = 70);
create index task_callback_waiting on task_callback (until_at) where outcome is null;
create index task_callback_over on task_callback (over_at) where outcome is not null;
