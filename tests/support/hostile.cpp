#include "support/hostile.hpp"

#include <cstdlib>
#include <string_view>

namespace baton::testing {

bool is_hostile() {
    const char* const value = std::getenv("BATON_TEST_HOSTILE");
    return value != nullptr && std::string_view(value) == "1";
}

// The casts are those that people ask for when an application comes from another database, or
// from Postgres 8.2. Each makes `text || integer` and its like ambiguous (42725).
std::string hostile_objects() {
    return R"(
do $$
declare
    other text;
begin
    foreach other in array array['integer', 'bigint', 'smallint', 'numeric', 'double precision',
                                 'boolean', 'date', 'timestamptz', 'interval', 'jsonb', 'uuid',
                                 'oid', 'xid8', 'regclass', 'bytea']
    loop
        if not exists (select from pg_cast where castsource = other::regtype
                                             and casttarget = 'text'::regtype) then
            execute format('create cast (%s as text) with inout as implicit', other);
        end if;
        if not exists (select from pg_cast where castsource = 'text'::regtype
                                             and casttarget = other::regtype) then
            execute format('create cast (text as %s) with inout as implicit', other);
        end if;
    end loop;
end;
$$;
create function public.trap(text, text) returns text language plpgsql as
    $$ begin raise exception 'public.trap was called'; end $$;
create function public.trap(text, integer) returns text language plpgsql as
    $$ begin raise exception 'public.trap was called'; end $$;
create function public.trap(integer, integer) returns boolean language plpgsql as
    $$ begin raise exception 'public.trap was called'; end $$;
create function public.trap(name, text) returns boolean language plpgsql as
    $$ begin raise exception 'public.trap was called'; end $$;
create function public.trap(bigint, integer) returns boolean language plpgsql as
    $$ begin raise exception 'public.trap was called'; end $$;
create operator public.|| (leftarg = text, rightarg = integer, function = public.trap);
create operator public.= (leftarg = name, rightarg = text, function = public.trap);
create operator public.= (leftarg = integer, rightarg = integer, function = public.trap);
create operator public.> (leftarg = bigint, rightarg = integer, function = public.trap);
create operator public.<> (leftarg = bigint, rightarg = integer, function = public.trap);
create function public.format(text, text) returns text language sql as $$ select 'hostile' $$;
create function public.left(text, integer) returns text language sql as $$ select 'hostile' $$;
create function public.to_regclass(name) returns text language sql as $$ select 'hostile' $$;
)";
}

std::string hostile_defaults() {
    return R"(alter role all set client_encoding = 'LATIN1'
alter role all set default_transaction_isolation = 'serializable'
alter role all set default_transaction_deferrable = on
alter role all set search_path = public, pg_temp
alter role all set datestyle = 'German, DMY'
alter role all set intervalstyle = 'sql_standard'
alter role all set timezone = 'Asia/Kolkata'
alter role all set bytea_output = 'escape'
alter role all set extra_float_digits = -15
alter role all set array_nulls = off
alter role all set standard_conforming_strings = off
alter role all set escape_string_warning = off
alter role all set backslash_quote = on
alter role all set transform_null_equals = on
alter role all set quote_all_identifiers = on
alter role all set check_function_bodies = off
alter role all set client_min_messages = 'error'
alter role all set xmloption = 'document'
alter role all set row_security = off
alter role all set statement_timeout = '25s'
alter role all set lock_timeout = '10s'
alter role all set idle_in_transaction_session_timeout = '60s'
alter role all set idle_session_timeout = '120s'
)";
}

void set_hostile_environment() {
    ::setenv("PGCLIENTENCODING", "LATIN1", 1);
    ::setenv("PGDATESTYLE", "German", 1);
    ::setenv("PGTZ", "Asia/Kolkata", 1);
}

}  // namespace baton::testing
