--! breaking
-- What a version of a view set stands for, as rows that refer to what they name.
--
-- Breaking, because a process that carries versions says so as values of the type below.

-- What has a name and a version: a reducer, a view set.
create type versioned as (name text, version integer);

-- Which reducer versions a set version stands for, once and for ever. A reducer is registered in
-- the transaction that makes its set known, and forgotten in the one that forgets the set: hence
-- the deferred key.
create table set_member (
    view_set    text    not null,
    set_version integer not null,
    member      text    not null,
    version     integer not null,

    constraint set_member_unique primary key (view_set, set_version, member),
    constraint set_member_set_known
        foreign key (view_set, set_version) references set_version (view_set, version)
        on delete cascade,
    constraint set_member_version_registered
        foreign key (member, version) references reducer_version (name, version)
        deferrable initially deferred
);
create index set_member_by_member on set_member (member, version);

create function versioned_of(names text[])
returns versioned[]
language sql
as $$
    select coalesce(array_agg((split_part(n, '@', 1), split_part(n, '@', 2)::integer)::versioned
                              order by n), '{}')
      from unnest(names) as n;
$$;

insert into set_member (view_set, set_version, member, version)
select s.view_set, s.version, m.name, m.version
  from set_version s
 cross join lateral unnest(versioned_of(s.members)) as m
  join reducer_version r on r.name = m.name and r.version = m.version;
alter table set_version drop column members;

alter table promotion alter column former type versioned[] using versioned_of(former);
alter table view_build alter column view_sets drop default;
alter table view_build alter column view_sets type versioned[] using versioned_of(view_sets);
alter table view_build alter column view_sets set default '{}';
alter table leader alter column reducers drop default;
alter table leader alter column reducers type versioned[] using versioned_of(reducers);
alter table leader alter column reducers set default '{}';
alter table leadership alter column reducers type versioned[] using versioned_of(reducers);
drop function versioned_of(text[]);
