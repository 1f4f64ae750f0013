-- Captures: tables of the application whose changes become events.

-- What capture_table() was told, and what the table looked like when its triggers' function,
-- capture_<id>(), was last made: refresh_capture(). Names, not only oids, because a dump that was
-- restored has other oids.
--   table_id     pg_class.oid. table_schema, table_name: what it was called.
--   columns      [{"field", "name", "number", "type"}, ...] of the table, all of them. A field is
--                what a column is called in events: its name when it was first seen.
--   fields       which of them events show. key_fields: which of them say what row it is.
--   condition    SQL over old and new, or null. key_prefix: stands before the key's text.
--   has_old      events have the former values, too.
--   oversize     what becomes of a row whose event would be larger than the limit: 'refuse', the
--                statement fails; 'drop-field', the largest fields stay away.
create table capture (
    id           bigint      not null generated always as identity,
    event_type   text        not null,
    table_id     oid         not null,
    table_schema text        not null,
    table_name   text        not null,
    columns      jsonb       not null,
    fields       text[]      not null,
    key_fields   text[]      not null,
    key_prefix   text        not null,
    condition    text,
    has_old      boolean     not null,
    oversize     text        not null,
    added_at     timestamptz not null default clock_timestamp(),
    added_by     text        not null default session_user,

    constraint capture_unique primary key (id),
    constraint capture_event_unique unique (table_schema, table_name, event_type),
    constraint capture_oversize_known check (oversize in ('refuse', 'drop-field'))
);
