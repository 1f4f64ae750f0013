-- require_endpoint: raise that a handler is no endpoint, if it is none. Internal:
-- disable_endpoint(), enable_endpoint().
--
-- Arguments   handler: its name.
-- Raises      BT067. BT037 see require_handler().
-- Tables      endpoint: read.
create or replace function require_endpoint(handler text)
returns void
language plpgsql
stable
set search_path from current
as $$
begin
    perform require_handler(require_endpoint.handler);
    if not exists (select from endpoint e where e.handler = require_endpoint.handler) then
        raise exception 'handler % is no endpoint, or no node has carried it as one yet; start a '
                        'node whose environment file declares it with kind = "http"',
            require_endpoint.handler
            using errcode = 'BT067';
    end if;
end;
$$;
