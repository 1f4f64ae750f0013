-- Followers: who goes through the log in its order, event by event, and where each of them stands.

-- How far a follower has come; by its name, whoever the follower is.
--   position     what it has done with: the next event that it gets is the one after it.
--   types        of the events that whoever holds it wants; null: all.
--   lag_longest  how old the oldest event may become that it has not done with, until it is cut.
--   claim        raised by each follow() and by each move by hand: what was said under a former one
--                is refused.
--   node         who holds it, by its number; null: nobody yet, or nobody any more. held_by: its
--                name, which is known for longer than the node.
--   moved_at     when the position last changed.
--   cut_at       since when it holds nothing back any more, because it lagged for too long;
--   cut_reason.
create table bookmark (
    id          bigint      not null generated always as identity,
    name        text        not null,
    position    bigint      not null,
    types       text[],
    lag_longest interval    not null default '7 days',
    claim       bigint      not null default 0,
    node        bigint,
    held_by     text,
    claimed_at  timestamptz,
    made_at     timestamptz not null default clock_timestamp(),
    made_by     name        not null default session_user,
    moved_at    timestamptz not null default clock_timestamp(),
    cut_at      timestamptz,
    cut_reason  text,

    constraint bookmark_id_unique primary key (id),
    constraint bookmark_name_unique unique (name),
    constraint bookmark_name_length check (octet_length(name) between 1 and 128),
    constraint bookmark_position_not_negative check (position >= 0),
    constraint bookmark_lag_longest_positive check (lag_longest > '0')
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

-- The nodes that want to be woken where the log has grown; see await_events(). Where there are some
-- the sequence has a value.
create table follower (
    node bigint not null,

    constraint follower_node_unique primary key (node)
);
create sequence follower_doorbell;
