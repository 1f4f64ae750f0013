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

}  // namespace

Position log_end(Connection& connection) {
    const Result result = connection.exec(
        "select coalesce((select first_position + count - 1 from batch"
        " order by first_position desc limit 1), 0)::bigint");
    return Position{result.only().integer(0)};
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

std::string run_in_session(Connection& connection, const SqlReducer& reducer) {
    try {
        Transaction transaction(connection);
        // EXECUTE refuses a script that would COMMIT in its middle.
        transaction.exec(
            "create or replace function pg_temp.run_script(script text) returns void"
            " language plpgsql as 'begin execute script; end'");
        transaction.exec("select pg_temp.run_script($1)", {reducer.script});
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

std::string drop_snapshots(Connection& connection, const SnapshotPolicy& policy) {
    return ask(connection, "select coalesce(drop_snapshots($1::bigint, $2::integer), '')",
               {policy.every, policy.most});
}

}  // namespace baton::sql
