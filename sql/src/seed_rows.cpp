// Makes the first rows of a build of those of a former version: see versions.hpp.

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"
#include "baton/sql/failure.hpp"
#include "baton/sql/versions.hpp"

namespace baton::sql {
namespace {

constexpr const char* rows_at_once = "10000";

std::string versioned(const BuildClaim& build, int version) {
    return build.view + "@" + std::to_string(version);
}

[[noreturn]] void refuse(const BuildClaim& build, int former, const Error& error) {
    throw Error(ErrorCode::reducer_invalid, "reducer " + versioned(build, build.version) +
                                                " cannot begin with the rows of " +
                                                versioned(build, former) + ": " + error.what());
}

// What has to do with the rows, not with the session. The reducer's own function can raise any code
// of ours.
bool is_about_rows(const Connection& connection, const Error& error) {
    const auto* const from_server = dynamic_cast<const SqlError*>(&error);
    if (from_server != nullptr && connection.is_open() &&
        from_server->sqlstate().starts_with("BT")) {
        return true;
    }
    return !error.retryable() && !error.loses_connection() && error.code() != ErrorCode::deposed;
}

// Where the former version stands in this snapshot; nothing if it has no rows.
std::optional<Position> former_position(Transaction& transaction, const BuildClaim& build,
                                        int former) {
    const Result result =
        transaction.exec("select version_position($1, $2::integer)", {build.view, former});
    const std::optional<std::int64_t> position = result.only().integer_or_null(0);
    if (!position) return std::nullopt;
    return Position{*position};
}

void note_start(Transaction& transaction, const BuildClaim& build, Position position) {
    note_build(transaction, build, {ViewState::behind, position}, std::nullopt);
    transaction.commit();
}

// The names come from BATON_FIELDS and a reducer's name: both are checked, none needs quoting.
std::string select_former(const BuildClaim& build, const Migration& migration) {
    std::string columns;
    for (const std::string& name : migration.former_columns()) columns += '"' + name + "\", ";
    return "declare seed_rows no scroll cursor for select " + columns + "position from " +
           build.view + "__v" + std::to_string(migration.former_version());
}

void copy(Transaction& transaction, const ViewRows& target, Migration& migration) {
    const std::size_t columns = migration.former_columns().size();
    std::vector<std::optional<std::string_view>> fields(columns);
    for (;;) {
        const Result rows =
            transaction.exec(std::string("fetch ") + rows_at_once + " from seed_rows");
        if (rows.empty()) return;
        for (const Row row : rows) {
            for (std::size_t i = 0; i < columns; ++i) {
                fields[i] = row.text_or_null(static_cast<int>(i));
            }
            migration.add(fields, Position{row.integer(static_cast<int>(columns))});
        }
        target.write(transaction, migration.take());
    }
}

}  // namespace

std::optional<Position> start_from_former(Connection& connection, const BuildClaim& build,
                                          const ReducerInfo& info, Migration& migration) {
    const ViewRows target(connection, info);
    // One snapshot for the rows and for where they stand.
    Transaction transaction(connection, Isolation::repeatable_read);
    const int former = migration.former_version();
    const std::optional<Position> position = former_position(transaction, build, former);
    if (!position) return std::nullopt;
    try {
        transaction.exec(select_former(build, migration));
        copy(transaction, target, migration);
    } catch (const Error& error) {
        if (!is_about_rows(connection, error)) throw;
        refuse(build, former, error);
    } catch (const std::exception& error) {
        refuse(build, former, Error(ErrorCode::reducer_invalid, storable_text(error.what())));
    }
    note_start(transaction, build, *position);
    return position;
}

std::optional<Position> start_from_former(Connection& connection, const BuildClaim& build) {
    Transaction transaction(connection, Isolation::repeatable_read);
    const Result functions =
        transaction.exec("select former, function from seed_functions($1, $2::integer)",
                         {build.view, build.version});
    for (const Row row : functions) {
        const auto former = static_cast<int>(row.integer(0));
        const std::optional<Position> position = former_position(transaction, build, former);
        if (!position) continue;
        try {
            transaction.exec("select " + std::string(row.text(1)) + "()");
        } catch (const Error& error) {
            if (!is_about_rows(connection, error)) throw;
            refuse(build, former, error);
        }
        note_start(transaction, build, *position);
        return position;
    }
    return std::nullopt;
}

}  // namespace baton::sql
