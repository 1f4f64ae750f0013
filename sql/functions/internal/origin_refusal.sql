-- origin_refusal: why this session does not come from where machine `m` may come from; null if it
-- does. Internal: check_machine().
--
-- Both are what the server sees, not what the client says. Postgres shows the certificate of a
-- session to its own role, and to members of pg_read_all_stats; this runs as the environment's
-- owner. What it cannot see it refuses.
create or replace function origin_refusal(m machine)
returns text
language plpgsql
stable
set search_path from current
as $$
declare
    address inet := pg_catalog.inet_client_addr();
    tls     record;
begin
    if pg_catalog.cardinality(m.networks) > 0
       and not coalesce(address operator(pg_catalog.<<=) any (m.networks), false)
    then
        return pg_catalog.format('it comes from %s, and may only come from %s',
            coalesce(pg_catalog.host(address), 'a unix socket'),
            pg_catalog.array_to_string(m.networks, ', '));
    end if;
    if m.client_dn is null then
        return null;
    end if;
    select s.ssl, s.client_dn into tls
      from pg_catalog.pg_stat_ssl s where s.pid = pg_catalog.pg_backend_pid();
    return case
        when tls.ssl is null
        then pg_catalog.format('its TLS certificate is hidden from %I, who must see that it is '
                               'that of %s: grant pg_read_all_stats to %1$I',
                               current_user, m.client_dn)
        when not tls.ssl
        then pg_catalog.format('its session has no TLS, and it must show the certificate of %s',
                               m.client_dn)
        when tls.client_dn is null
        then pg_catalog.format('it shows no TLS certificate, and must show that of %s',
                               m.client_dn)
        when tls.client_dn <> m.client_dn
        then pg_catalog.format('it shows the TLS certificate of %s, and must show that of %s',
                               tls.client_dn, m.client_dn) end;
end;
$$;
