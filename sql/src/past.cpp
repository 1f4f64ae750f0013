#include "baton/sql/past.hpp"

#include "baton/base/error.hpp"
#include "baton/sql/failure.hpp"

namespace baton::sql {
namespace {

std::string ask(Connection& connection, const std::string& statement,
                std::initializer_list<Parameter> parameters,
                Isolation isolation = Isolation::read_committed) {
    Transaction transaction(connection, isolation);
    const Result result = transaction.exec(statement, parameters);
    std::string answer(result.only().text(0));
    transaction.commit();
    return answer;
}

// What is in the environment's schema, and what this transaction has written there. Whoever else
// changes the schema meanwhile changes it, too.
std::string state_of_schema(Transaction& transaction, const std::string& schema) {
    const Result result = transaction.exec(
        "select concat_ws(' ',"
        " (select sum(hashtextextended(concat(c.oid, ' ', c.xmin), 0)) from pg_class c"
        " where c.relnamespace = $1::text::regnamespace),"
        " (select sum(hashtextextended(concat(p.oid, ' ', p.xmin), 0)) from pg_proc p"
        " where p.pronamespace = $1::text::regnamespace),"
        " (select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_xact_user_tables"
        " where schemaname = $1::text))",
        {schema});
    return std::string(result.only().text(0));
}

}  // namespace

Position log_end(Connection& connection) {
    return Position{connection.exec("select log_end()").only().integer(0)};
}

Position open_past_view(Connection& connection, const std::string& view, int version, Position at,
                        const std::optional<std::string>& columns, bool from_snapshot) {
    Transaction transaction(connection);
    const Result result = transaction.exec(
        "select open_past_view($1, $2::integer, $3::bigint, $4::jsonb, $5::boolean)",
        {view, version, static_cast<std::int64_t>(at), columns, from_snapshot});
    const Position position{result.only().integer(0)};
    transaction.commit();
    return position;
}

std::vector<ShownVersion> versions_shown(Connection& connection, const std::string& view,
                                         Position from, Position to) {
    Transaction transaction(connection);
    std::vector<ShownVersion> shown;
    for (const Row& row :
         transaction.exec("select version, since from versions_shown($1, $2::bigint, $3::bigint)",
                          {view, static_cast<std::int64_t>(from), static_cast<std::int64_t>(to)})) {
        const Position since{row.integer(1)};
        if (row.is_null(0)) {
            throw Error(ErrorCode::version_unknown,
                        "the version of " + view + " that was live at position " +
                            std::to_string(static_cast<std::int64_t>(since)) +
                            " is known no more; say of which version with --version");
        }
        shown.push_back({static_cast<int>(row.integer(0)), since});
    }
    return shown;
}

std::string run_in_session(Connection& connection, const SqlReducer& reducer) {
    try {
        Transaction transaction(connection);
        // EXECUTE refuses a script that would COMMIT in its middle.
        transaction.exec(
            "create or replace function pg_temp.run_script(script text) returns void"
            " language plpgsql as 'begin execute script; end'");
        const std::string before = state_of_schema(transaction, connection.schema());
        transaction.exec("select pg_temp.run_script($1)", {reducer.script});
        // What a name does not find in pg_temp it finds in the environment: DROP ... IF EXISTS,
        // say.
        if (state_of_schema(transaction, connection.schema()) != before) {
            throw Error(ErrorCode::reducer_invalid,
                        "SQL reducer " + reducer.origin +
                            ": its script changes what is in schema " + connection.schema() +
                            ", where a candidate changes nothing; make only what is new (or, if "
                            "somebody else changed that schema just now, try again)");
        }
        const Result columns =
            transaction.exec("select view_columns($1, $2::integer, pg_my_temp_schema())",
                             {reducer.name, reducer.version});
        std::string answer(columns.only().text(0));
        transaction.commit();
        return answer;
    } catch (const SqlError& error) {
        if (error.code() != ErrorCode::statement_failed) throw;
        throw Error(ErrorCode::reducer_invalid,
                    "SQL reducer " + reducer.origin + ": " + error.what());
    }
}

std::string take_snapshots(Connection& connection, const SnapshotPolicy& policy) {
    return ask(connection, "select coalesce(take_snapshots($1::bigint, $2::integer), '')",
               {policy.every, policy.most}, Isolation::repeatable_read);
}

std::string take_bases(Connection& connection) {
    return ask(connection, "select coalesce(take_bases(), '')", {}, Isolation::repeatable_read);
}

std::string drop_snapshots(Connection& connection, const SnapshotPolicy& policy) {
    return ask(connection, "select coalesce(drop_snapshots($1::bigint, $2::integer), '')",
               {policy.every, policy.most});
}

}  // namespace baton::sql
