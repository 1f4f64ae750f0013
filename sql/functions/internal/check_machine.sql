-- check_machine: may this machine take part in this environment? Internal: admit_machine(), which
-- writes down and acts upon what this one finds, and register_set().
--
-- The order of the checks is that of the codes: the first thing that is wrong is what is told.
--
-- A machine that enrolled itself is one only as long as the environment is of kind development.
-- There, what it shows need not be the token that it first came with: containers of one image have
-- one id, and so have two users of one machine, each with a token of their own. Whoever may enrol
-- himself under any name gains nothing by this one.
--
-- Arguments   as those of admit_machine().
-- Returns     code, message: why not; nulls if it may. enrols: it is unknown here and may enrol
--             itself. is_next: it showed the token of a rotation.
-- Tables      environment, machine: read.
create or replace function check_machine(
    environment text, machine_id text, proof text, enrol_as bytea)
returns table (code text, message text, enrols boolean, is_next boolean)
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_variable
declare
    here        environment;
    known       machine;
    owner       record;
    token_place text := pg_catalog.substring(proof, '^baton_([a-z0-9-]+)_[0-9a-f]{64}$');
    asked       text := challenge_text();
    may_enrol   boolean := false;
    enrol       text;
begin
    enrols := false;
    is_next := false;
    perform require_rows();
    select e.* into strict here from environment e where e.only_row;
    here.name := coalesce(
        here.name,
        pg_catalog.replace(pg_catalog.substr(current_schema(), 7), '_', '-'));
    enrol := pg_catalog.format('let an admin run `baton environment enrol %s --machine %s '
                               '--machine-name NAME`', here.name, machine_id);

    if environment is distinct from here.name then
        code := 'BT028';
        message := pg_catalog.format(
            'the schema %s belongs to the environment %s, and this process was started for %s: '
            'correct its file or its URL',
            current_schema(), here.name,
            coalesce(pg_catalog.quote_ident(pg_catalog.left(environment, 100)), 'none'));
        return next;
        return;
    end if;
    if machine_id is null or machine_id !~ '^[0-9a-f]{64}$' then
        code := 'BT029';
        message := 'this process does not say on which machine it runs: see `baton environment '
            'machine-id`';
        return next;
        return;
    end if;

    select m.* into known from machine m where m.machine_id = check_machine.machine_id;
    -- What is proved is proved for this environment and this machine; nothing is, in a session that
    -- was asked nothing.
    asked := asked || ':' || environment || ':' || machine_id;
    select o.* into owner from token_owner(proof, asked, machine_id) as o;
    if known.machine_id is null and owner.machine_id = machine_id then
        -- Another process of this machine enrolled it between the two looks.
        select m.* into known from machine m where m.machine_id = check_machine.machine_id;
    end if;
    if here.kind = 'development' and owner.machine_id is null and enrol_as is not null then
        may_enrol := token_place = here.name and proves(proof, enrol_as, asked)
            and (here.auto_enrol_beside_production or not stands_beside_production());
    end if;
    if known.machine_id is null
       or known.automatic and known.revoked_at is null and here.kind is distinct from 'development'
    then
        enrols := may_enrol and known.machine_id is null;
        if enrols is true then
            return next;
            return;
        end if;
        enrols := false;
        code := 'BT029';
        message := pg_catalog.format(
            'machine %s is not enrolled in %s%s%s; %s',
            machine_id, here.name,
            case when known.machine_id is not null
                 then ', only enrolled itself when that was of kind development'
                 when owner.machine_id is not null
                 then ', and shows the token of machine ' || owner.machine_id else '' end,
            case when here.kind = 'development' and enrol_as is not null
                      and owner.machine_id is null
                 then ', and cannot enrol itself '
                      || case when token_place is distinct from here.name
                              then 'without a token of this environment'
                              when not proves(proof, enrol_as, asked)
                              then 'with a token that is not its own'
                              else 'in a database that has a production environment, too' end
                 else '' end,
            enrol);
    elsif token_place <> here.name then
        code := 'BT030';
        message := pg_catalog.format(
            'the token that machine %s (%s) shows is one of the environment %s, not of %s: a '
            'token is good for one environment; %s',
            known.name, machine_id, token_place, here.name, enrol);
    elsif owner.machine_id <> machine_id then
        code := 'BT030';
        message := pg_catalog.format(
            'the token that machine %s (%s) shows was given to another machine, %s: a token is '
            'good for one machine; %s',
            known.name, machine_id, owner.machine_id, enrol);
    elsif owner.machine_id is null and (known.automatic and may_enrol) is not true then
        code := 'BT031';
        message := pg_catalog.format(
            'machine %s (%s) is enrolled in %s, but %s; %s',
            known.name, machine_id, here.name,
            case when proof is null then 'shows no token' else 'the token that it shows is not '
                'the one that it was given' end,
            enrol);
    elsif known.revoked_at is not null then
        code := 'BT032';
        message := pg_catalog.format(
            'machine %s (%s) was revoked from %s by %s at %s; %s',
            known.name, machine_id, here.name, known.revoked_by, known.revoked_at, enrol);
    else
        message := origin_refusal(known);
        if message is not null then
            code := 'BT033';
            message := pg_catalog.format('machine %s (%s) of %s is refused: %s', known.name,
                                         machine_id, here.name, message);
        end if;
        is_next := coalesce(owner.is_next, false);
    end if;
    return next;
end;
$$;
