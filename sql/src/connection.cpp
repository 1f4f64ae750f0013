#include "baton/sql/connection.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <csignal>
#include <mutex>
#include <pqxx/nontransaction>

#include "baton/base/check.hpp"
#include "baton/base/error.hpp"
#include "baton/base/text.hpp"
#include "baton/sql/failure.hpp"
#include "baton/sql/trust.hpp"
#include "packed_parameters.hpp"
#include "session_settings.hpp"
#include "url_check.hpp"

namespace baton::sql {
namespace {

constexpr int server_version_min = 150000;

// libpq writes with MSG_NOSIGNAL where it can; not everything below it does. A program's own
// handler is left in place.
void ignore_broken_pipes() {
    static std::once_flag once;
    std::call_once(once, [] {
        struct sigaction current {};
        if (sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL) {
            (void)std::signal(SIGPIPE, SIG_IGN);
        }
    });
}

// The one place that turns off what libpqxx 6 does behind our back.
void forbid_reconnecting(pqxx::connection& connection) {
#include <pqxx/internal/ignore-deprecated-pre.hxx>
    connection.inhibit_reactivation(true);
#include <pqxx/internal/ignore-deprecated-post.hxx>
}

std::string one_line(std::string_view text) {
    std::string line;
    for (const char c : text) {
        if (c == '\n' && (line.empty() || line.ends_with("; "))) continue;
        if (c == '\n') {
            line += "; ";
        } else if (c != '\t') {
            line += c;
        }
    }
    while (line.ends_with("; ")) line.resize(line.size() - 2);
    return line;
}

std::unique_ptr<pqxx::connection> connect(const std::string& target) {
    try {
        return std::make_unique<pqxx::connection>(target);
    } catch (const std::exception& error) {
        // libpq gives no SQLSTATE for a connection that did not come about, only words.
        const std::string what = one_line(error.what());
        const bool read_only = what.find("session is read-only") != std::string::npos ||
                               what.find("hot standby") != std::string::npos;
        throw Error(read_only ? ErrorCode::server_read_only : ErrorCode::connection_lost, what);
    }
}

std::string search_path_of(const std::string& schema) { return schema + ", pg_temp"; }

std::string quoted_option(std::string_view value) {
    std::string quoted = "'";
    for (const char c : value) {
        if (c == '\'' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted + "'";
}

using ParsedOptions = std::map<std::string, std::string>;

ParsedOptions parse_url(std::string_view url) {
    require_unambiguous(url);
    char* error = nullptr;
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
        PQconninfoParse(std::string(url).c_str(), &error), &PQconninfoFree);
    const std::unique_ptr<char, decltype(&PQfreemem)> message(error, &PQfreemem);
    if (!parsed) {
        throw Error(ErrorCode::settings_invalid,
                    "the connection URL cannot be read: " +
                        without_quotations(one_line(message ? message.get() : "out of memory")));
    }
    ParsedOptions options;
    for (const PQconninfoOption* option = parsed.get(); option->keyword; ++option) {
        if (option->val) options.emplace(option->keyword, option->val);
    }
    return options;
}

std::string version_text(int version) {
    return std::to_string(version / 10000) + "." + std::to_string(version % 10000);
}

}  // namespace

bool is_schema_name(std::string_view name) {
    const auto is_first = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
    const auto is_later = [&](char c) { return is_first(c) || (c >= '0' && c <= '9'); };
    return !name.empty() && name.size() <= 63 && is_first(name.front()) &&
           std::ranges::all_of(name, is_later);
}

void require_schema_name(std::string_view name) {
    if (is_schema_name(name)) return;
    throw Error(ErrorCode::name_invalid,
                json_quoted(name.substr(0, 80)) +
                    " cannot be a schema: 1 to 63 of a-z, 0-9 and _, not beginning with a digit");
}

ConnectOptions session_options(const std::string& schema, const std::string& application_name) {
    ConnectOptions options;
    options.application_name = application_name;
    options.schema = schema;
    return options;
}

std::string connection_string(std::string_view url, const ConnectOptions& options) {
    ParsedOptions values = parse_url(url);
    // Every text of ours is UTF-8, whatever PGCLIENTENCODING, a role or a database have.
    values["client_encoding"] = "UTF8";
    const auto seconds = [](std::chrono::seconds time) { return std::to_string(time.count()); };
    const auto idle = std::max(options.peer_timeout / 3, std::chrono::seconds{1});
    values.emplace("application_name", options.application_name);
    values.emplace("connect_timeout", seconds(options.connect_timeout));
    values.emplace("keepalives_idle", seconds(idle));
    values.emplace("keepalives_interval", seconds(idle));
    values.emplace("keepalives_count", "2");
    values.emplace("tcp_user_timeout", seconds(options.peer_timeout) + "000");
    // One host is looked at after connecting, for a clearer error than libpq's.
    const bool has_choice = values["host"].find(',') != std::string::npos ||
                            values["hostaddr"].find(',') != std::string::npos;
    if (options.writable && has_choice) values.emplace("target_session_attrs", "read-write");
    std::string text;
    for (const auto& [keyword, value] : values) {
        if (value.empty()) continue;
        text += (text.empty() ? "" : " ") + keyword + "=" + quoted_option(value);
    }
    return text;
}

Connection::Connection(std::string_view url, const ConnectOptions& options) : options_(options) {
    if (!options_.schema.empty()) require_schema_name(options_.schema);
    ignore_broken_pipes();
    raw_ = connect(connection_string(url, options_));
    forbid_reconnecting(*raw_);
    // Verbose, because the text is where libpqxx leaves every SQLSTATE (see failure.cpp).
    raw_->set_verbosity(pqxx::connection_base::verbose);
    server_version_ = raw_->server_version();
    backend_pid_ = raw_->backendpid();
    if (server_version_ < server_version_min) {
        throw Error(ErrorCode::settings_invalid, "the server is Postgres " +
                                                     version_text(server_version_) +
                                                     "; Baton needs 15 or newer");
    }
    set_up_session();
    if (options_.requires_trust) {
        Transaction transaction(*this);
        require_trusted(transaction, options_.schema);
    }
    // Who constructs a connection need not be who uses it.
    release();
}

SessionTraits Connection::traits() const {
    return {options_.schema,
            options_.schema.empty() ? std::string() : search_path_of(options_.schema),
            options_.idle_in_transaction_timeout, server_version_};
}

void Connection::set_up_session() {
    const std::string query =
        "select pg_catalog.pg_backend_pid(), pg_catalog.pg_is_in_recovery(), "
        "pg_catalog.current_setting('transaction_read_only')::pg_catalog.bool, "
        "pg_catalog.current_setting('session_replication_role')";
    const Row answer =
        exec(options_.pooled ? read_committed(query) : session_start(traits(), backend_pid_, query))
            .only();
    // A pooler answers with a process id of its own invention.
    const bool is_pooler = answer.integer(0) != backend_pid_;
    if (options_.may_be_pooled && is_pooler) options_.pooled = true;
    if (!options_.pooled && is_pooler) {
        throw Error(ErrorCode::settings_invalid,
                    "the connection URL leads to a pooler; this needs a direct connection to "
                    "Postgres");
    }
    if (!options_.pooled && answer.text(3) != "origin") obey_constraints();
    if (!options_.writable) return;
    if (answer.boolean(1)) {
        throw Error(ErrorCode::server_read_only,
                    "the server is in recovery (a standby); connect to the primary");
    }
    if (answer.boolean(2)) {
        throw Error(ErrorCode::server_read_only,
                    "the session is read-only (default_transaction_read_only is on)");
    }
}

// Foreign keys and triggers are off where session_replication_role says so, which only a superuser
// may change, and may have changed for a role that is none.
void Connection::obey_constraints() {
    try {
        exec("set session_replication_role = origin");
    } catch (const SqlError& error) {
        if (error.loses_connection()) throw;
        throw Error(ErrorCode::settings_invalid,
                    "foreign keys are switched off in this session; let a superuser run: alter "
                    "role NAME reset session_replication_role");
    }
}

void Connection::check_owner() {
    const std::thread::id self = std::this_thread::get_id();
    std::thread::id nobody;
    BATON_CHECK(owner_ == self || owner_.compare_exchange_strong(nobody, self));
}

void Connection::adopt() { owner_ = std::this_thread::get_id(); }

void Connection::check_usable() {
    check_owner();
    if (!raw_->is_open()) {
        throw Error(ErrorCode::connection_lost, "the session has ended; connect anew");
    }
    BATON_CHECK(raw_->backendpid() == backend_pid_);
}

void Connection::cancel() noexcept {
    try {
        raw_->cancel_query();
    } catch (const std::exception&) {
        // The session is over, and with it the statement.
    }
}

bool Connection::is_open() const { return raw_->is_open(); }

pqxx::connection& Connection::raw() {
    check_owner();
    return *raw_;
}

const ParsedStatement& Connection::prepared(const Statement& statement) {
    auto known = statements_.find(statement.name);
    if (known != statements_.end() && known->second.source() != statement.text) {
        BATON_CHECK(statement.is_made);
        if (!options_.pooled) raw_->unprepare(known->first);
        statements_.erase(known);
        known = statements_.end();
    }
    if (known == statements_.end()) {
        const std::string name(statement.name);
        known = statements_.emplace(name, statement.text).first;
        // The server gets it where it is run for the first time.
        if (!options_.pooled) raw_->prepare(name, known->second.text());
    }
    return known->second;
}

pqxx::result Connection::run_prepared(pqxx::transaction_base& transaction,
                                      const Statement& statement,
                                      std::span<const Parameter> parameters) {
    const ParsedStatement& parsed = prepared(statement);
    if (!options_.pooled) {
        return transaction.exec_prepared(std::string(statement.name), pack(parameters));
    }
    // The next transaction may be in another session, which does not know the statement.
    return transaction.exec_params(parsed.text(), pack(parameters));
}

Result Connection::exec(const std::string& statement) {
    check_usable();
    return translating(*raw_, [&] {
        pqxx::nontransaction transaction(*raw_);
        return Result(transaction.exec(statement));
    });
}

// What it needs of a session goes with its own transaction.
Result Connection::exec_pooled(const Statement& statement, std::span<const Parameter> parameters) {
    try {
        Transaction transaction(*this);
        Result result = transaction.exec(statement, parameters);
        transaction.commit();
        return result;
    } catch (const Error& error) {
        if (error.code() != ErrorCode::outcome_unknown) throw;
        throw Error(ErrorCode::connection_lost, error.what());
    }
}

Result Connection::exec(const Statement& statement, std::span<const Parameter> parameters) {
    check_usable();
    if (options_.pooled) return exec_pooled(statement, parameters);
    return translating(
        *raw_,
        [&] {
            pqxx::nontransaction transaction(*raw_);
            return Result(run_prepared(transaction, statement, parameters));
        },
        statement.name);
}

Result Connection::exec(const Statement& statement, std::span<const Argument> arguments) {
    check_owner();
    return exec(statement, prepared(statement).in_order(arguments));
}

Result Connection::exec(const Statement& statement, std::initializer_list<Argument> arguments) {
    return exec(statement, span_of(arguments));
}

}  // namespace baton::sql
