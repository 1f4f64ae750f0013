--! breaking
-- The schema version of an event: which shape of its type's payload it has.
--
-- Breaking, because a program that does not know of schema versions would fold every event as if it
-- had the only shape there ever was.

-- What is made of a function that takes or gives something else now (signatures.sql) keeps it from
-- being dropped, and is found here, before anything has changed.
do $$
declare
    dependents text;
begin
    select string_agg(distinct pg_catalog.pg_describe_object(d.classid, d.objid, 0), ', ')
      into dependents
      from pg_depend d
      join pg_proc p on p.oid = d.refobjid and p.pronamespace = current_schema()::regnamespace
     where d.refclassid = 'pg_proc'::regclass and d.deptype = 'n'
       and p.proname in ('dispatch', 'dispatch_bytes', 'dispatch_once', 'read_log', 'far_slice',
                         'view_statements', 'view_columns')
       and not exists (select from pg_rewrite r
                        where d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
                          and r.ev_class = to_regclass(current_schema() || '.batch_event'));
    if dependents is not null then
        raise exception 'functions that this upgrade makes anew are used by: %; drop that, '
            'upgrade, and make it again',
            dependents
            using errcode = 'BT027';
    end if;
end;
$$;

-- The other limits of an event are domains for their price (0001_log.sql); this one is so for the
-- upgrade, too. A column of a type that has a check is written into every row when it is added, and
-- a check of the table looks at every row; a check that its domain gets afterwards, `not valid`,
-- looks at none. The log may be large, and everybody waits for this lock.
create domain event_schema_version as integer;
alter table event add column schema_version event_schema_version not null default 1;
alter domain event_schema_version add constraint event_schema_version_range
    check (coalesce(value, 0) between 1 and 32767
           or refuse_field('schema_version', coalesce(value, 0))) not valid;

-- These two return rows of event, and fail as soon as those have a column more. The new ones come
-- with the functions, in a transaction of its own; a leader that reads the log between the two must
-- not fail for it. Where they are not there yet, this is a new installation.
do $$
declare
    reader regprocedure;
begin
    for reader in
        select p.oid
          from pg_proc p
         where p.pronamespace = current_schema()::regnamespace
           and p.proname in ('log_slice', 'log_main_run')
    loop
        execute pg_catalog.regexp_replace(
            pg_catalog.pg_get_functiondef(reader), '\m(\w+)\.meta\M', '\1.meta, \1.schema_version',
            'g');
    end loop;
end;
$$;
