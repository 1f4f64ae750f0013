// What the orchestrator's tests have in common: an environment, orchestrator processes in it,
// writers that dispatch all the time, and the comparison of everything with everything.
//
// A writer's transaction numbers the movements of an account in a table of its own, under that
// row's lock. So the business tables say what the log must hold: per account 1, 2, 3, …, each once.
//
// Threads: a World belongs to one thread; writers have threads and connections of their own.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "baton/sql/connection.hpp"
#include "orchestrator/program/reducers.hpp"
#include "support/child_process.hpp"
#include "support/environment.hpp"

namespace baton::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct ProcessOptions {
    std::string node;
    std::vector<std::string> options = {};  ///< of orchestrator_program
    std::string fault = {};                 ///< BATON_FAULT
    std::string url = {};                   ///< the world's, if empty
    std::map<std::string, std::string> environment = {};
};

class World {
public:
    /// An environment in a database of its own, on the tests' server.
    World();
    /// The environment is on another server; it is installed if it is not there.
    explicit World(std::string url);

    [[nodiscard]] const std::string& url() const { return url_; }

    [[nodiscard]] std::unique_ptr<ChildProcess> start(const ProcessOptions& options) const;

    /// Runs statements; returns the first column of the last one's only row ("" for null or no
    /// row).
    std::string ask(const std::string& statements);
    /// Whether `condition`, an SQL expression, comes true in time. A server that is not there
    /// counts as no.
    [[nodiscard]] bool comes_true(const std::string& condition,
                                  milliseconds deadline = seconds(30));
    /// Whether every committed event gets into every view that is not halted, in time.
    [[nodiscard]] bool settles(milliseconds deadline = seconds(60));
    /// Whether `node` comes to lead, in time.
    [[nodiscard]] bool leads(const std::string& node, milliseconds deadline = seconds(20));

    /// Fails the test unless batches and positions are contiguous, every event is in the log once,
    /// epochs only rise, and each following view equals the pure fold, rows and positions, without
    /// what it skipped.
    void expect_exact(const ReducerChoice& choice = {});
    /// Fails the test unless account_totals says what the writers' own table says.
    void expect_accounts_agree();

private:
    void expect_log_sound();
    void expect_cpp_views_exact(const ReducerChoice& choice);
    void expect_sql_view_exact();
    void prepare_business();

    std::optional<TestDatabase> database_;
    std::string url_;
    std::unique_ptr<sql::Connection> connection_;
};

/// Writers that run until they are stopped or destroyed. Each dispatches one movement a
/// transaction, and rolls some back; a lost connection is made again.
class Writers {
public:
    /// `pause` lies between the transactions of each.
    Writers(std::string url, int count, milliseconds pause = milliseconds(2));
    void stop();

private:
    void write(const std::stop_token& token, std::uint64_t seed) const;

    std::string url_;
    milliseconds pause_;
    std::vector<std::jthread> threads_;
};

/// Numbers a movement of `account` under its row's lock, and dispatches it.
void move_account(sql::Transaction& transaction, const std::string& account, std::int64_t amount);

/// Dispatches `count` movements at once, numbered as the writers do; the account is `account` and
/// the number of each modulo `accounts`.
void dispatch_flood(World& world, int count, int accounts = 20);

}  // namespace baton::testing
