// baton selftest: checks of an environment's SQL functions on the server that it is on, in one
// transaction that is rolled back: nothing of it is ever in the log.
#include "baton/base/error.hpp"
#include "baton/sql/failure.hpp"
#include "command_line.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

struct Check {
    std::string name;
    std::string query;          // one boolean
    std::string sqlstate = {};  // or that it is refused with this
};

// Each is what a user would type into psql.
std::vector<Check> checks() {
    const std::string type = "'baton/selftest'";
    const std::string id = "'00000000-0000-4000-8000-00000000ba70'::uuid";
    return {
        {"dispatch() returns an id", "select dispatch(" + type + ", '{\"n\": 1}') > 0"},
        {"a later dispatch() has a higher id",
         "select dispatch(" + type + ", '{\"n\": 2}') < dispatch(" + type + ", '{\"n\": 3}')"},
        {"a repeated dispatch_id gives the same event",
         "select dispatch(" + type + ", '{\"n\": 4}', dispatch_id => " + id + ") = dispatch(" +
             type + ", '{\"n\": 4}', dispatch_id => " + id + ")"},
        {"a dispatch_id with other content is refused",
         "select dispatch(" + type + ", '{\"n\": 5}', dispatch_id => " + id + ") is null", "BT003"},
        {"an event without a type is refused", "select dispatch('', '{}') is null", "BT001"},
        {"a payload that is too large is refused",
         "select dispatch(" + type +
             ", jsonb_build_object('text', repeat('x', payload_bytes + 1))) is null"
             " from dispatch_limits()",
         "BT002"},
        {"dispatch_many() takes several events, and gives their ids in order",
         "select ids = array(select i from unnest(ids) as i order by i) and cardinality(ids) = 3"
         " from (select array(select dispatch_many(jsonb_build_array("
         " jsonb_build_object('type', " +
             type + "), jsonb_build_object('type', " + type + "), jsonb_build_object('type', " +
             type + "))))) as many (ids)"},
        {"enqueue() refuses a handler that nobody carries",
         "select enqueue('baton_selftest_nobody', '{}') is null", "BT037"},
        {"what this transaction dispatched is in no log yet",
         "select not exists (select from read_log(greatest(0, (status() -> 'log' ->> "
         "'position')::bigint - 100), 100) where type = " +
             type + ")"},
        {"the log's newest positions have no gaps",
         "select coalesce(max(position) - min(position) + 1 = count(*), true) from read_log("
         "greatest(0, (status() -> 'log' ->> 'position')::bigint - 1000), 1000)"},
        {"reading the log twice gives the same",
         "select (select md5(string_agg(l::text, '')) from read_log(0, 100) as l)"
         " is not distinct from"
         " (select md5(string_agg(l::text, '')) from read_log(0, 100) as l)"},
        {"status() names the environment and its log",
         "select status() ? 'environment' and status() -> 'log' ? 'position'"},
        {"every live view can be read",
         "select coalesce(bool_and(length((view_query(v.view ->> 'view')).query) > 0), true)"
         " from jsonb_array_elements(status() -> 'views') as v (view)"},
        {"doctor() answers", "select count(*) >= 0 from doctor()"},
        {"versions() answers", "select jsonb_typeof(versions()) = 'array'"},
        {"list_tasks() answers", "select count(*) >= 0 from list_tasks()"},
    };
}

// What is wrong; nothing where it holds.
std::optional<std::string> fault_of(sql::Transaction& transaction, const Check& check) {
    transaction.exec("savepoint selftest", {});
    std::optional<std::string> fault;
    try {
        const sql::Row row = transaction.exec(check.query, {}).only();
        if (!check.sqlstate.empty()) {
            fault = "it was not refused, but " + check.sqlstate + " was expected";
        } else if (row.is_null(0) || !row.boolean(0)) {
            fault = "it is not so: " + check.query;
        }
        transaction.exec("release savepoint selftest", {});
    } catch (const Error& error) {
        const auto* const server = dynamic_cast<const sql::SqlError*>(&error);
        if (server == nullptr) throw;
        const bool is_expected = server->sqlstate() == check.sqlstate;
        if (!is_expected) fault = with_code(error.code(), error.what());
        transaction.exec("rollback to savepoint selftest", {});
    }
    return fault;
}

int selftest(Invocation& invocation) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::write);
    sql::Transaction transaction(connection);  // never committed
    transaction.exec("set local statement_timeout = '30s'", {});
    const std::vector<Check> all = checks();
    write_out("1.." + std::to_string(all.size()) + "\n");
    int failed = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto fault = fault_of(transaction, all[i]);
        write_out((fault ? "not ok " : "ok ") + std::to_string(i + 1) + " - " + all[i].name + "\n");
        if (!fault) continue;
        ++failed;
        write_out("# " + *fault + "\n");
    }
    return failed == 0 ? 0 : 1;
}

}  // namespace

Verb selftest_verb() {
    return {
        .name = "selftest",
        .help = "check the environment's SQL functions on its server, and leave nothing",
        .about =
            "It prints TAP. All of it is one transaction that is rolled back, so nobody ever\n"
            "sees its events; only some ids are used up. The login needs what a dispatcher and\n"
            "an observer may do.\n"
            "Example: baton selftest --env staging",
        .settings = Settings::connection,
        .run = [](Invocation& invocation) { return selftest(invocation); }};
}

}  // namespace baton::cli
