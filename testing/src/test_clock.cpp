#include "test_clock.hpp"

namespace baton::testing {
namespace {

// Defaults first: they name the clock that was there when they were written.
constexpr const char* clock_script = R"(
create table test_clock (
    only_row     boolean primary key default true check (only_row),
    shift_micros bigint not null,
    recorded_at  timestamptz
);
insert into test_clock (shift_micros) values (0);
create function test_time() returns timestamptz language sql volatile
    as $f$ select pg_catalog.clock_timestamp()
                  + t.shift_micros * interval '1 microsecond'
             from :schema.test_clock t $f$;
create function test_dispatch_time() returns timestamptz language sql volatile
    as $f$ select coalesce(t.recorded_at, :schema.test_time()) from :schema.test_clock t $f$;
do $d$
declare
    d record;
begin
    for d in
        select c.oid::regclass as relation, a.attname as column,
               pg_get_expr(x.adbin, x.adrelid) as clock
          from pg_attrdef x
          join pg_class c on c.oid = x.adrelid and c.relkind in ('r', 'p')
                         and c.relnamespace = ':schema'::regnamespace
          join pg_attribute a on a.attrelid = c.oid and a.attnum = x.adnum
         where pg_get_expr(x.adbin, x.adrelid) in ('clock_timestamp()', 'statement_timestamp()')
    loop
        execute format('alter table %s alter column %I set default :schema.%s()', d.relation,
            d.column, case d.clock when 'clock_timestamp()' then 'test_time'
                                   else 'test_dispatch_time' end);
    end loop;
    for d in
        select p.oid::regprocedure as routine
          from pg_proc p
         where p.pronamespace = ':schema'::regnamespace
           and exists (select from unnest(p.proconfig) as c (setting)
                        where c.setting like 'search_path=%')
    loop
        execute format('alter routine %s set search_path = :schema, pg_catalog, pg_temp',
            d.routine);
    end loop;
end;
$d$;
create function clock_timestamp() returns timestamptz language sql volatile
    as $f$ select :schema.test_time() $f$;
grant select on test_clock to public;
)";

}  // namespace

void install_test_clock(sql::Connection& inside, const std::string& schema) {
    std::string script = clock_script;
    const std::string_view name = ":schema";
    for (auto at = script.find(name); at != std::string::npos; at = script.find(name, at)) {
        script.replace(at, name.size(), schema);
    }
    sql::Transaction transaction(inside);
    transaction.exec(script);
    transaction.commit();
}

void shift_test_clock(sql::Connection& inside, std::int64_t micros) {
    sql::Transaction transaction(inside);
    transaction.exec("update test_clock set shift_micros = $1::bigint", {micros});
    transaction.commit();
}

}  // namespace baton::testing
