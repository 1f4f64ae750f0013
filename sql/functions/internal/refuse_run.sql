-- refuse_run: raise that something cannot be done with a run of a workflow. Internal.
--
-- Arguments   r: the run. what: what cannot be done, and why.
-- Raises      BT066.
create or replace function refuse_run(r workflow_run, what text)
returns void
language plpgsql
immutable
set search_path from current
as $$
begin
    raise exception 'run % of workflow %@% is %; it cannot be %', r.id, r.name, r.version, r.state,
        refuse_run.what
        using errcode = 'BT066';
end;
$$;
