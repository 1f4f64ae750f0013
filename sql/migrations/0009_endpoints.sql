-- Endpoints: handlers that are HTTP URLs. Where they are, and with which secrets they are called,
-- is in the environment's file alone; here is what the nodes that call them tell each other.

-- Whether anything is sent to an endpoint.
--   state     open; slowed: it asked for a pause; broken: requests in a row failed. Until until_at
--             nobody sends anything, and then one task is tried. (What an endpoint does not want
--             any more is a handler that is paused.)
--   told_by   the node that said so.
create table endpoint (
    handler  text        not null,
    state    text        not null default 'open',
    until_at timestamptz,
    reason   text,
    since    timestamptz not null default clock_timestamp(),
    told_by  text        not null,

    constraint endpoint_unique primary key (handler),
    constraint endpoint_state_known check (state in ('open', 'slowed', 'broken')),
    constraint endpoint_until_named check ((state = 'open') = (until_at is null)),
    constraint endpoint_of_a_handler foreign key (handler) references handler (name)
) with (fillfactor = 50);
