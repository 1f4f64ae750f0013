-- describe_environment: say what the environment in this schema is called, and how careful to be.
-- `baton environment install` and `upgrade` do.
--
-- A kind can become stricter, never laxer: an environment that holds production's events stays
-- what it is, whatever its schema is called by now. Where it stops being one of development, the
-- machines that enrolled themselves are revoked. Under another name it is another environment, and
-- then the machines of the former one are none of this one. A copy under another name (a dump,
-- restored as staging's) can be of any kind, as long as nobody adopted it: adopt_environment().
--
-- It leaves a comment on the schema, which every role of the database can read: so a development
-- environment learns that it stands beside a production one, without a right to look into that.
--
-- Arguments   name: the environment's, not the schema's. kind: development, staging or production;
--             null: it is not known, which counts as production, and changes nothing that is.
-- Raises      BT014 no such name. BT016 no such kind, or a laxer one.
-- Notifies    see revoke_machine().
-- Tables      environment: update. machine: delete.
create or replace function describe_environment(name text, kind text default null)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    strictness constant text[] := array['development', 'staging', 'production'];
    former     environment;
    new_kind   text;
begin
    if describe_environment.name is null
       or describe_environment.name !~ '^[a-z][a-z0-9-]{0,39}$'
    then
        raise exception 'no environment can have the name "%"',
            coalesce(describe_environment.name, 'null')
            using errcode = 'BT014';
    end if;
    if describe_environment.kind <> all (strictness) then
        raise exception 'there is no kind "%"; there are production, staging, development',
            describe_environment.kind
            using errcode = 'BT016';
    end if;

    perform require_rows();
    select * into strict former from environment where only_row for update;
    if former.name is distinct from describe_environment.name then
        delete from machine where former.name is not null;
        if unadopted() is not null then
            former.kind := null;
        end if;
    end if;
    if pg_catalog.array_position(strictness, describe_environment.kind)
       < pg_catalog.array_position(strictness, former.kind)
    then
        raise exception 'the environment % is of kind % and cannot become %: %',
            former.name, former.kind, describe_environment.kind,
            coalesce(unadopted(), pg_catalog.format(
                'to make it anew, run `baton environment uninstall %s`, which drops all that is '
                'in it', describe_environment.name))
            using errcode = 'BT016';
    end if;
    new_kind := coalesce(describe_environment.kind, former.kind);
    if new_kind <> 'development' then
        perform revoke_machine(m.machine_id) from machine m
          where m.automatic and m.revoked_at is null;
    end if;
    update environment
       set name = describe_environment.name, kind = new_kind
     where only_row
       and (name, kind) is distinct from (describe_environment.name, new_kind);
    if found or pg_catalog.obj_description(
        current_schema()::regnamespace::oid, 'pg_namespace') is null
    then
        execute pg_catalog.format('comment on schema %I is %L', current_schema(),
            pg_catalog.format('Baton environment %s (%s)', describe_environment.name,
                              coalesce(new_kind, 'production')));
    end if;
end;
$$;
