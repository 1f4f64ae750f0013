#include "baton/sql/connection.hpp"

#include <memory>
#include <pqxx/transaction>

#include "baton/base/error.hpp"
#include "baton/sql/failure.hpp"
#include "packed_parameters.hpp"
#include "session_settings.hpp"

namespace baton::sql {

Transaction::Transaction(Connection& connection, Isolation isolation) : connection_(connection) {
    connection_.check_usable();
    pqxx::connection& raw = *connection_.raw_;
    translating(raw, [&] {
        if (isolation == Isolation::repeatable_read) {
            raw_ = std::make_unique<pqxx::transaction<pqxx::repeatable_read>>(raw);
        } else {
            raw_ = std::make_unique<pqxx::work>(raw);
        }
    });
    if (connection_.options_.pooled) {
        exec(transaction_start(connection_.traits(), isolation == Isolation::repeatable_read));
    }
}

// libpqxx rolls back here what was not committed, and swallows what goes wrong with that.
Transaction::~Transaction() = default;

template <class Function>
Result Transaction::run(std::string_view where, Function&& fn) {
    connection_.check_usable();
    if (is_over_) {
        throw Error(ErrorCode::statement_failed,
                    "a statement failed before: the transaction was rolled back");
    }
    try {
        Result result = translating(*connection_.raw_, std::forward<Function>(fn), where);
        // Postgres accepts nothing in a failed transaction but what brings it back.
        failed_ = false;
        return result;
    } catch (...) {
        failed_ = true;
        throw;
    }
}

// libpqxx ends the transaction after an error of this one, and would run what is prepared without.
Result Transaction::exec(const std::string& statements) {
    try {
        return run({}, [&] { return Result(raw_->exec(statements)); });
    } catch (...) {
        is_over_ = true;
        throw;
    }
}

Result Transaction::exec(const std::string& statement, std::span<const Parameter> parameters) {
    return run({}, [&] { return Result(raw_->exec_params(statement, pack(parameters))); });
}

Result Transaction::exec(const std::string& statement,
                         std::initializer_list<Parameter> parameters) {
    return exec(statement, span_of(parameters));
}

Result Transaction::exec(const Statement& statement, std::span<const Parameter> parameters) {
    return run(statement.name,
               [&] { return Result(connection_.run_prepared(*raw_, statement, parameters)); });
}

Result Transaction::exec(const Statement& statement, std::span<const Argument> arguments) {
    connection_.check_owner();
    return exec(statement, connection_.prepared(statement).in_order(arguments));
}

Result Transaction::exec(const Statement& statement, std::initializer_list<Argument> arguments) {
    return exec(statement, span_of(arguments));
}

void Transaction::commit() {
    connection_.check_usable();
    // Postgres answers COMMIT in a failed transaction with ROLLBACK, which libpqxx takes for
    // success.
    if (failed_) {
        raw_->abort();
        throw Error(ErrorCode::statement_failed,
                    "commit after a failed statement: the transaction was rolled back");
    }
    try {
        translating(*connection_.raw_, [&] { raw_->commit(); });
    } catch (const SqlError& error) {
        // An error that the server told us is a definite no. Without one, COMMIT was sent and the
        // rest is not known, whatever libpqxx calls it.
        const bool is_answer = !error.sqlstate().empty() && connection_.is_open();
        if (is_answer || error.code() == ErrorCode::outcome_unknown) throw;
        if (error.sqlstate().empty() || error.loses_connection()) {
            throw SqlError(ErrorCode::outcome_unknown,
                           "no answer to COMMIT; it may or may not have happened", "");
        }
        throw;
    }
}

}  // namespace baton::sql
