-- require_readable: refuses JSON that is too large for whoever reads it. Internal: the domains of
-- the event's columns call it for all that is not small.
--
-- One expression, because each costs each transaction as much as some hundred bytes of JSON do;
-- what it does not see to be right goes to refuse_unreadable(), which says what the limits are. No
-- settings are pinned here, because that costs each call a walk over all of them; so every name is
-- qualified.
--
-- Arguments  name: of the field. value. bytes_max: its limit.
-- Returns    true.
-- Raises     as refuse_unreadable().
-- Cost       of printing the value once.
-- Access: dispatch, orchestrate
create or replace function require_readable(name text, value jsonb, bytes_max integer)
returns boolean
language plpgsql
stable
as $$
begin
    -- `||` gives the value as it is in memory: neither compressed nor elsewhere. What has no more
    -- than so much there cannot be longer than the server can print, and sixty-five brackets take
    -- more than 500 bytes.
    return pg_catalog.pg_column_size(value operator(pg_catalog.||) '{}')
               operator(pg_catalog.<=) least(bytes_max, 110000)
           and pg_catalog.octet_length(value::pg_catalog.text) operator(pg_catalog.<=) bytes_max
           and (pg_catalog.pg_column_size(value operator(pg_catalog.||) '{}')
                    operator(pg_catalog.<=) 500
                or not pg_catalog.jsonb_path_exists(
                    value, 'strict $.**{64} ? (@.type() == "array" || @.type() == "object")'))
        or :"schema".refuse_unreadable(name, value, bytes_max);
end;
$$;
