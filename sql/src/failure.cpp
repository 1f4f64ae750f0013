#include "baton/sql/failure.hpp"

#include <pqxx/connection_base>
#include <pqxx/except>

#include <algorithm>
#include <thread>

namespace baton::sql {
namespace {

struct ServerMessage {
    std::string sqlstate;  // "" where the text has none
    std::string text;
};

bool is_sqlstate(std::string_view text) {
    return text.size() == 5 && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
           });
}

// libpq's text is "ERROR:  42P01: relation … does not exist\nLINE 1: …" on our connections, which
// ask for verbose errors just to have the SQLSTATE in it, and without the code on others'. Only
// the first line is kept: what follows (DETAIL, CONTEXT) can hold rows' values.
ServerMessage parse(std::string_view text) {
    text = text.substr(0, text.find('\n'));
    ServerMessage message;
    if (const auto colon = text.find(":  "); colon != std::string_view::npos && colon < 24) {
        text.remove_prefix(colon + 3);
        if (text.size() > 7 && text.substr(5, 2) == ": " && is_sqlstate(text.substr(0, 5))) {
            message.sqlstate = text.substr(0, 5);
            text.remove_prefix(7);
        }
    }
    message.text = text;
    return message;
}

ServerMessage message_of(const pqxx::pqxx_exception& exception) {
    const std::exception& base = exception.base();
    ServerMessage message = parse(base.what());
    if (!message.sqlstate.empty()) return message;
    // The types below are the ones that lose the code.
    if (const auto* sql = dynamic_cast<const pqxx::sql_error*>(&base)) {
        message.sqlstate = sql->sqlstate();
        if (dynamic_cast<const pqxx::insufficient_privilege*>(&base)) message.sqlstate = "42501";
    } else if (dynamic_cast<const pqxx::serialization_failure*>(&base)) {
        message.sqlstate = "40001";
    } else if (dynamic_cast<const pqxx::deadlock_detected*>(&base)) {
        message.sqlstate = "40P01";
    } else if (dynamic_cast<const pqxx::statement_completion_unknown*>(&base)) {
        message.sqlstate = "40003";
    } else if (dynamic_cast<const pqxx::transaction_rollback*>(&base)) {
        message.sqlstate = "40000";
    }
    return message;
}

enum class Session { open, gone, unknown };

ErrorCode code_of(std::string_view sqlstate, Session session) {
    // In a session that is known to go on, any function can raise what only its end could mean.
    if (sqlstate == "40003" && session != Session::open) return ErrorCode::outcome_unknown;
    if (session == Session::gone) return ErrorCode::connection_lost;
    if (sqlstate.starts_with("BT")) {
        return code_of_sqlstate(sqlstate, ErrorCode::statement_failed);
    }
    if (sqlstate == "40001" || sqlstate == "40P01" || sqlstate == "40000") {
        return ErrorCode::transaction_retry;
    }
    if (sqlstate == "55P03") return ErrorCode::lock_unavailable;
    if (sqlstate == "25006") return ErrorCode::server_read_only;
    // 08P01 is what a wrong number of parameters is called; the session goes on. The others are
    // only believed where the session was not looked at: a foreign table's server can raise them.
    const bool says_lost = sqlstate == "57P01" || sqlstate == "57P02" || sqlstate == "57P03" ||
                           (sqlstate.starts_with("08") && sqlstate != "08P01");
    if (session == Session::unknown && says_lost) return ErrorCode::connection_lost;
    return ErrorCode::statement_failed;
}

std::string statement_failed_text(const ServerMessage& message, std::string_view where) {
    std::string text(where);
    if (!text.empty()) text += ": ";
    text += message.text;
    if (!message.sqlstate.empty()) text += " (SQLSTATE " + message.sqlstate + ")";
    return text;
}

[[noreturn]] void throw_error(const pqxx::pqxx_exception& exception,
                              const pqxx::connection_base* connection, std::string_view where) {
    const std::exception& base = exception.base();
    if (dynamic_cast<const pqxx::in_doubt_error*>(&base)) {
        throw SqlError(ErrorCode::outcome_unknown,
                       "the connection was lost while the transaction committed; it may or may "
                       "not have happened",
                       "");
    }
    Session session = Session::unknown;
    if (connection) session = connection->is_open() ? Session::open : Session::gone;
    const ServerMessage message = message_of(exception);
    if (!connection && message.sqlstate.empty() &&
        dynamic_cast<const pqxx::broken_connection*>(&base)) {
        session = Session::gone;
    }
    const ErrorCode code = code_of(message.sqlstate, session);
    if (code == ErrorCode::connection_lost && message.sqlstate.empty()) {
        throw SqlError(code, "the server closed the session, or the network lost it", "");
    }
    throw SqlError(
        code,
        code == ErrorCode::statement_failed ? statement_failed_text(message, where) : message.text,
        message.sqlstate);
}

}  // namespace

bool may_pass(std::string_view sqlstate) {
    return sqlstate == "40001" || sqlstate == "40P01" || sqlstate == "40000" ||
           sqlstate == "55P03" || sqlstate == "57014" || sqlstate.starts_with("53") ||
           sqlstate.starts_with("58");
}

bool is_passing(const Error& error) {
    if (error.code() == ErrorCode::transaction_retry ||
        error.code() == ErrorCode::lock_unavailable) {
        return true;
    }
    const auto* const from_server = dynamic_cast<const SqlError*>(&error);
    return from_server != nullptr && error.code() == ErrorCode::statement_failed &&
           may_pass(from_server->sqlstate());
}

void rethrow_translated(const pqxx::connection_base* connection, std::string_view where) {
    try {
        throw;
    } catch (const pqxx::pqxx_exception& exception) {
        throw_error(exception, connection, where);
    }
}

bool pause_unless(std::chrono::milliseconds pause, const std::function<bool()>& stop) {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds step{20};
    const auto end = Clock::now() + pause;
    while (!stop()) {
        const auto now = Clock::now();
        if (now >= end) return false;
        std::this_thread::sleep_for(std::min<Clock::duration>(step, end - now));
    }
    return true;
}

}  // namespace baton::sql
