-- Which types of events are known, and what is done about one that is not.

-- The types that reducers read, of every version that is registered, also of those that are
-- retired: who still dispatches for one must not fail because it was retired. What has a % in it is
-- a pattern of LIKE, as SQL reducers may have; % alone is one that reads whatever there is. A
-- version without a row was registered by a program of before.
create table event_type_reader (
    type    text    not null,
    view    text    not null,
    version integer not null,

    constraint event_type_reader_unique primary key (type, view, version),
    constraint event_type_reader_version_registered
        foreign key (view, version) references reducer_version (name, version) on delete cascade
);

-- Those that somebody declared: there are such events, whoever reads them. declare_event_types().
create table declared_event_type (
    type text not null,

    constraint declared_event_type_unique primary key (type)
);

-- unknown_events: accept, warn (status and the orchestrator's log name them) or refuse (dispatch
-- raises BT040). set_unknown_events() changes it.
alter table environment add column unknown_events text not null default 'accept',
    add constraint environment_unknown_events_known
        check (unknown_events in ('accept', 'warn', 'refuse'));
