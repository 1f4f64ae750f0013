// A session with Postgres that is what it seems: when it breaks, that is an error, always.
//
// libpqxx 6.4.5 reconnects by itself and loses the session's advisory locks, settings and pending
// notifications without a word. This wrapper turns that off, gives every error a class (see
// failure.hpp), and makes sure of the few settings that each of our sessions must have. A lost
// session is not repaired: its owner destroys the Connection and makes another.
//
// Threads: a Connection and all that hangs on it belong to one thread, the first that uses it
// after its construction. Another use is a broken CHECK; adopt() hands it over.
#pragma once

#include <pqxx/connection>
#include <pqxx/dbtransaction>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include "baton/sql/parameter.hpp"
#include "baton/sql/result.hpp"
#include "baton/sql/statement.hpp"

namespace baton::sql {

struct SessionTraits;

struct ConnectOptions {
    /// What pg_stat_activity shows. Here and for the two network times below, what the URL says
    /// wins.
    std::string application_name = "baton";
    /// The environment's schema: becomes `search_path = <schema>, pg_temp`. Empty: left alone.
    std::string schema = {};
    /// Refuse a server in recovery and a read-only one (Error server_read_only), and of several
    /// hosts in the URL take the one that is writable.
    bool writable = true;
    /// The URL leads through a pooler that gives each transaction another session. Then no session
    /// state is set, and each Transaction sets what the sessions of others have from the start,
    /// for itself. A Statement that is executed outside of one is a Transaction of its own; plain
    /// text has what the role has. Where this is false and a pooler answers, connecting fails with
    /// Error(settings_invalid).
    bool pooled = false;
    /// Where a pooler answers it is taken as one; else the session is an ordinary one.
    bool may_be_pooled = false;
    /// Refuse a schema whose owner the login does not trust: see require_trusted().
    bool requires_trust = false;
    std::chrono::seconds connect_timeout{10};
    /// How long a network peer may stay silent before the session counts as lost.
    std::chrono::seconds peer_timeout{15};
    /// The server ends a session that idles in a transaction for longer, and frees its locks.
    std::chrono::seconds idle_in_transaction_timeout{30};
};

/// Of a session that works in an environment's schema, and says what it is for.
[[nodiscard]] ConnectOptions session_options(const std::string& schema,
                                             const std::string& application_name);

/// `url` (postgresql://… or key=value …) as key=value text with what `options` adds; a value that
/// the URL has stays, but for client_encoding, which is UTF8. Throws Error(settings_invalid) where
/// it cannot be read.
[[nodiscard]] std::string connection_string(std::string_view url, const ConnectOptions& options);

/// Whether `name` can be an environment's schema: ^[a-z_][a-z0-9_]{0,62}$.
[[nodiscard]] bool is_schema_name(std::string_view name);

/// Throws Error(name_invalid) unless is_schema_name(name).
void require_schema_name(std::string_view name);

class Connection {
public:
    /// Connects. Throws Error: connection_lost (cannot be reached, or refused us; trying again may
    /// help), server_read_only, settings_invalid (the URL; a pooler; a server before 15).
    explicit Connection(std::string_view url, const ConnectOptions& options = {});
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Runs one statement as its own transaction (which LISTEN and session locks need). If the
    /// answer is lost, the error is connection_lost, although a write may have happened: for
    /// writes use a Transaction.
    Result exec(const std::string& statement);
    /// The same for one that the session prepares at its first use.
    Result exec(const Statement& statement, std::initializer_list<Argument> arguments = {});
    Result exec(const Statement& statement, std::span<const Argument> arguments);
    Result exec(const Statement& statement, std::span<const Parameter> parameters);

    /// False once a statement has met the end of the session. True proves nothing.
    [[nodiscard]] bool is_open() const;
    /// Whether each transaction may be in another session.
    [[nodiscard]] bool is_pooled() const { return options_.pooled; }
    /// The server process; the same for the life of this object.
    [[nodiscard]] int backend_pid() const { return backend_pid_; }
    /// Like 150020 for 15.20.
    [[nodiscard]] int server_version() const { return server_version_; }
    [[nodiscard]] const std::string& schema() const { return options_.schema; }

    /// What challenge() asked of this session, see challenge.sql; empty: it was not
    /// called yet, or not remembered.
    [[nodiscard]] const std::string& challenge() const { return challenge_; }
    void remember_challenge(std::string challenge) { challenge_ = std::move(challenge); }

    /// Ends the statement that runs, if one does; it then throws as if it had been refused. For any
    /// thread, as long as the Connection lives.
    void cancel() noexcept;
    /// Whoever uses it next becomes the owner.
    void release() { owner_ = std::thread::id(); }
    /// From here on the calling thread is the owner. The former one must be done with it.
    void adopt();

    /// For what this wrapper does not have (COPY, notification receivers). Checks the owner.
    [[nodiscard]] pqxx::connection& raw();

private:
    friend class Transaction;
    void check_owner();
    /// Throws connection_lost where the session is known to be gone; checks the owner and the pid.
    void check_usable();
    void set_up_session();
    Result exec_pooled(const Statement& statement, std::span<const Parameter> parameters);
    void obey_constraints();
    [[nodiscard]] SessionTraits traits() const;
    const ParsedStatement& prepared(const Statement& statement);
    pqxx::result run_prepared(pqxx::transaction_base& transaction, const Statement& statement,
                              std::span<const Parameter> parameters);

    ConnectOptions options_;
    std::map<std::string, ParsedStatement, std::less<>> statements_;  // by name; run at least once
    std::unique_ptr<pqxx::connection> raw_;
    int backend_pid_ = 0;
    int server_version_ = 0;
    std::string challenge_;
    std::atomic<std::thread::id> owner_;
};

enum class Isolation : std::uint8_t { read_committed, repeatable_read };

/// A transaction: ends with commit(), or is rolled back when it goes out of scope, which throws
/// nothing. Only one at a time on a Connection, which must outlive it.
class Transaction {
public:
    explicit Transaction(Connection& connection, Isolation isolation = Isolation::read_committed);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    /// Runs plain SQL without parameters, one statement or several; returns the last one's answer.
    /// After an error the transaction is over.
    Result exec(const std::string& statements);
    /// Runs one statement that is not worth preparing. After an error (unlike exec()) a
    /// `rollback to savepoint` through this function brings the transaction back.
    Result exec(const std::string& statement, std::span<const Parameter> parameters);
    Result exec(const std::string& statement, std::initializer_list<Parameter> parameters);
    /// Runs one that the session prepares at its first use. After an error as above.
    Result exec(const Statement& statement, std::initializer_list<Argument> arguments = {});
    Result exec(const Statement& statement, std::span<const Argument> arguments);
    Result exec(const Statement& statement, std::span<const Parameter> parameters);

    /// Commits. Throws Error: outcome_unknown (COMMIT was sent and no answer came: it may or may
    /// not have happened; never simply repeat), connection_lost (lost before: nothing happened),
    /// statement_failed (a statement had failed and this was called all the same: rolled back), or
    /// what a deferred constraint says.
    void commit();

    /// For COPY (pqxx::stream_to) and for functions that take a pqxx transaction. What libpqxx
    /// throws there needs translating().
    [[nodiscard]] pqxx::dbtransaction& raw() { return *raw_; }
    [[nodiscard]] Connection& connection() { return connection_; }

private:
    template <class Function>
    Result run(std::string_view where, Function&& fn);

    Connection& connection_;
    std::unique_ptr<pqxx::dbtransaction> raw_;
    bool failed_ = false;
    bool is_over_ = false;  // rolled back, whatever is still asked of it
};

}  // namespace baton::sql
