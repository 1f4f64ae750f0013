--! breaking
-- Sessions that can be told apart, and turns that nobody takes who has no right to.

-- What each session was asked that wants to show a token, see challenge(). One row for each server
-- process; those whose process is gone are deleted by whoever comes next.
--   mark_hash  sha256 of a secret that only that session has, see own_session(). A process id is
--              given to another session later; this is not.
--   nonce      what it has to answer. No other session is asked the same.
create table asked_session (
    backend_pid integer not null,
    mark_hash   bytea   not null,
    nonce       bytea   not null,

    constraint asked_session_unique primary key (backend_pid)
);

-- Which session leads, or keeps a build, beside its process id.
alter table leader add column mark_hash bytea;
alter table view_build add column mark_hash bytea;

-- What only one session may do at a time: whoever locks the row has the turn. A row, and no
-- advisory lock: those can be taken by whoever may connect to the database.
create table turn (
    name text not null,

    constraint turn_unique primary key (name)
);
insert into turn values ('registration'), ('builds'), ('snapshots');

-- Where this environment was described: in a copy the two are others.
alter table environment add column database_id oid, add column schema_id oid;
