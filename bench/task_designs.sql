-- Five ways to keep the tasks of a queue, the bare minimum among them, each in its shortest
-- form: what docs/benchmarks.md compares under "Where tasks are kept". For psql, in an empty
-- database: psql -v tasks=100000 -f bench/task_designs.sql
--
-- Each drains the same tasks in claims of 100, one transaction for a claim and one for its
-- completion, with a history row for each task. Then the same in rounds beside a snapshot that
-- another session holds open: -v rounds=10, and what the last takes of the first.
\set ON_ERROR_STOP on
\if :{?tasks} \else \set tasks 100000 \endif
\if :{?rounds} \else \set rounds 3 \endif
create extension if not exists dblink;

create table history (id bigint primary key, ended_at timestamptz not null default now());

-- bare: a row is deleted as it is claimed; nothing says who has it, and nothing survives a crash.
create table bare (id bigint generated always as identity primary key, payload jsonb);
create procedure fill_bare(n integer) language sql as $$
    insert into bare (payload) select '{"order": 42}' from generate_series(1, n) $$;
create procedure drain_bare() language plpgsql as $$
begin
    loop
        delete from bare where id in (
            select id from bare order by id limit 100 for update skip locked);
        exit when not found;
        commit;
    end loop;
end $$;

-- in place: one wide row for each task, updated when it is claimed, deleted when it has ended.
create table in_place (
    id bigint generated always as identity primary key, state text not null default 'ready',
    claim bigint, payload jsonb);
create index in_place_ready on in_place (id) where state = 'ready';
create sequence in_place_claim;
create procedure fill_in_place(n integer) language sql as $$
    insert into in_place (payload) select '{"order": 42}' from generate_series(1, n) $$;
create procedure drain_in_place() language plpgsql as $$
declare
    token bigint;
    ids   bigint[];
begin
    loop
        token := nextval('in_place_claim');
        with claimed as (
            update in_place set state = 'claimed', claim = token
             where id = any (array(
                select id from in_place where state = 'ready' order by id limit 100
                   for update skip locked))
            returning id)
        select array_agg(id) into ids from claimed;
        exit when ids is null;
        commit;
        with ended as (
            delete from in_place where id = any (ids) and claim = token returning id)
        insert into history select id from ended;
        commit;
    end loop;
end $$;

-- narrow: what Baton does. The task is written once; a narrow row says that it waits, and one row
-- says what a claim took.
create table narrow (id bigint generated always as identity primary key, payload jsonb);
create table narrow_ready (id bigint primary key);
create table narrow_claim (id bigint generated always as identity primary key, tasks bigint[]);
create procedure fill_narrow(n integer) language sql as $$
    with added as (
        insert into narrow (payload) select '{"order": 42}' from generate_series(1, n)
        returning id)
    insert into narrow_ready select id from added $$;
create procedure drain_narrow() language plpgsql as $$
declare
    token bigint;
begin
    loop
        with taken as (
            delete from narrow_ready where ctid = any (array(
                select ctid from narrow_ready order by id limit 100 for update skip locked))
            returning id)
        insert into narrow_claim (tasks) select array_agg(id) from taken having count(*) > 0
        returning id into token;
        exit when token is null;
        perform t.payload from narrow_claim c, unnest(c.tasks) as h (task)
           join narrow t on t.id = h.task where c.id = token;
        commit;
        with held as (select tasks from narrow_claim where id = token for share)
        insert into history select unnest(tasks) from held;
        commit;
        token := null;
    end loop;
    delete from narrow_claim;
end $$;

-- narrow, from a floor: the same, but each claim begins to look where the former one ended, so that
-- it does not pass by rows that are deleted and that an old snapshot keeps.
create table floor (id bigint generated always as identity primary key, payload jsonb);
create table floor_ready (id bigint primary key);
create table floor_claim (
    id bigint generated always as identity primary key, floor bigint, tasks bigint[]);
create procedure fill_floor(n integer) language sql as $$
    with added as (
        insert into floor (payload) select '{"order": 42}' from generate_series(1, n)
        returning id)
    insert into floor_ready select id from added $$;
create procedure drain_floor() language plpgsql as $$
declare
    token bigint;
begin
    loop
        with taken as (
            delete from floor_ready where ctid = any (array(
                select ctid from floor_ready
                 where id > coalesce(
                    (select c.floor from floor_claim c order by c.id desc limit 1), 0)
                 order by id limit 100 for update skip locked))
            returning id)
        insert into floor_claim (floor, tasks)
        select max(id), array_agg(id) from taken having count(*) > 0
        returning id into token;
        exit when token is null;
        perform t.payload from floor_claim c, unnest(c.tasks) as h (task)
           join floor t on t.id = h.task where c.id = token;
        commit;
        with held as (select tasks from floor_claim where id = token for share)
        insert into history select unnest(tasks) from held;
        commit;
        token := null;
    end loop;
    delete from floor_claim where id < (select max(id) from floor_claim);
end $$;

-- append only: nothing is deleted; each claim says where it ended, the next one goes on from there.
-- It gives tasks in no order but that of their ids, and an id that becomes visible late is lost
-- unless windows of snapshots are kept, as the log does: that is not in this form.
create table append_only (id bigint generated always as identity primary key, payload jsonb);
create table append_claim (
    id bigint generated always as identity primary key, first_id bigint, last_id bigint);
create procedure fill_append_only(n integer) language sql as $$
    insert into append_only (payload) select '{"order": 42}' from generate_series(1, n) $$;
create procedure drain_append_only() language plpgsql as $$
declare
    former  bigint;
    claimed record;
begin
    loop
        perform pg_advisory_xact_lock(1);
        select coalesce((select last_id from append_claim order by id desc limit 1), 0)
          into former;
        with page as (
            select id from append_only where id > former order by id limit 100)
        insert into append_claim (first_id, last_id)
        select min(id), max(id) from page having count(*) > 0
        returning first_id, last_id into claimed;
        exit when claimed.last_id is null;
        perform payload from append_only where id between claimed.first_id and claimed.last_id;
        commit;
        insert into history
        select id from append_only where id between claimed.first_id and claimed.last_id;
        commit;
        claimed := null;
    end loop;
end $$;

create table figure (
    design text, what text, tasks integer, started timestamptz, wal pg_lsn,
    tasks_per_second numeric, wal_per_task numeric);
create procedure start_figure(design text, what text, tasks integer) language sql as $$
    insert into figure values (
        design, what, tasks, clock_timestamp(), pg_current_wal_insert_lsn()) $$;
create procedure end_figure() language sql as $$
    update figure set
        tasks_per_second = tasks / extract(epoch from clock_timestamp() - started),
        wal_per_task = (pg_current_wal_insert_lsn() - wal) / tasks
     where tasks_per_second is null $$;

-- The statements of each measure, one after the other.
create view measures as
    select d.design, w.what, format('call fill_%s(%s)', d.design, w.tasks) as filling,
           'truncate history' as emptying,
           format('call start_figure(%L, %L, %s)', d.design, w.what, w.tasks) as starting,
           format('call drain_%s()', d.design) as draining, 'call end_figure()' as ending
      from (values ('bare'), ('in_place'), ('narrow'), ('floor'), ('append_only')) as d (design)
     cross join lateral (
        select 'fresh' as what, current_setting('bench.tasks')::integer as tasks
         union all
        select 'beside a snapshot, round ' || lpad(r::text, 2),
               current_setting('bench.tasks')::integer / 5
          from generate_series(1, current_setting('bench.rounds')::integer) as r) as w;
set bench.tasks = :tasks;
set bench.rounds = :rounds;

select filling, emptying, starting, draining, ending from measures
 where what = 'fresh' order by design \gexec
select dblink_connect('holder', 'dbname=' || current_database() || ' port='
    || current_setting('port') || ' host='
    || split_part(current_setting('unix_socket_directories'), ',', 1)) \g /dev/null
select dblink_exec('holder', 'begin isolation level repeatable read') \g /dev/null
select * from dblink('holder', 'select count(*) from figure') as held (n bigint) \g /dev/null
select filling, emptying, starting, draining, ending from measures
 where what <> 'fresh' order by design, what \gexec
select dblink_exec('holder', 'commit') \g /dev/null

select design, what, round(tasks_per_second) as tasks_per_second, round(wal_per_task) as wal_bytes
  from figure order by design, what;
