#include "baton/orchestrator/orchestrator.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "baton/base/backoff.hpp"
#include "baton/base/log.hpp"
#include "baton/sql/leadership.hpp"
#include "baton/sql/listener.hpp"
#include "baton/sql/migrator.hpp"
#include "baton/sql/rights.hpp"
#include "blame.hpp"
#include "carried.hpp"
#include "leader.hpp"
#include "standby.hpp"

namespace baton {
namespace {

sql::ConnectOptions leader_options(const OrchestratorOptions& options) {
    sql::ConnectOptions connect;
    connect.application_name = "baton orchestrator";
    connect.schema = options.schema;
    // A leader that hangs inside a transaction must not hold the fence's lock for longer than it
    // is believed to lead.
    connect.idle_in_transaction_timeout =
        std::max(std::chrono::ceil<std::chrono::seconds>(options.lease), std::chrono::seconds(1));
    return connect;
}

std::string lock_timeout(const OrchestratorOptions& options) {
    return std::to_string(orchestrator::lock_patience(options.lease).count()) + "ms";
}

// Errors that waiting does not mend: the set-up is wrong, or a bug. But who has led had all rights:
// one that was taken away meanwhile can be given back, and nobody should have to start it anew.
bool is_final(const Error& error, bool has_led) {
    return !error.retryable() && !error.loses_connection() && error.code() != ErrorCode::deposed &&
           !orchestrator::is_passing(error) && !(has_led && sql::lacks_right(error));
}

}  // namespace

Orchestrator::Orchestrator(OrchestratorOptions options, const Registry& registry)
    : options_(std::move(options)), registry_(registry) {}

// run() may return as soon as it sees the flag, while stop() is still at work.
Orchestrator::~Orchestrator() { const std::lock_guard lock(mutex_); }

void Orchestrator::stop() noexcept {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    stopped_.notify_all();
}

bool Orchestrator::pause(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    stopped_.wait_for(lock, time, [&] { return stopping(); });
    return stopping();
}

void Orchestrator::run() {
    Backoff backoff(std::chrono::milliseconds(50), std::chrono::milliseconds(2000));
    while (!stopping()) {
        const auto started = std::chrono::steady_clock::now();
        try {
            lead_or_wait();
        } catch (const Error& error) {
            if (is_final(error, has_led_)) throw;
            if (std::chrono::steady_clock::now() - started > std::chrono::seconds(10)) {
                backoff.reset();
            }
            interrupted_ = error.what();
            const auto wait = backoff.next();
            log().warn("leadership interrupted: {}{}; trying again in {} ms{}", error.what(),
                       sql::advice_on_rights(error), wait.count(), advice());
            pause(wait);
        }
    }
}

// libpq has no code for why there is no session, only words in the server's language: a server that
// starts cannot be told from one that refuses the login.
std::string_view Orchestrator::advice() {
    if (is_connected_ || std::exchange(is_advised_, true)) return "";
    return ", and on until there is a connection: where the server runs, correct the URL, the "
           "login, its password or its certificate";
}

void Orchestrator::lead_or_wait() {
    is_connected_ = false;
    sql::Connection connection(options_.url, leader_options(options_));
    is_connected_ = true;
    is_advised_ = false;
    sql::Migrator().require_installed(connection, options_.schema);
    connection.exec("set lock_timeout = '" + lock_timeout(options_) +
                    "'; set enable_seqscan = off; set jit = off");
    sql::prepare_leadership(connection);

    const orchestrator::Carried carried(options_, registry_);
    const sql::Candidate candidate = carried.candidate();
    std::optional<sql::Epoch> epoch = sql::lead(connection, candidate).epoch;
    if (!epoch) {
        if (std::exchange(held_, std::nullopt)) log().warn("deposed: somebody else leads now");
        log_line(spdlog::level::info, "standing by",
                 {{"schema", options_.schema}, {"node", options_.node}});
        orchestrator::Standby standby(options_, registry_, carried, connection,
                                      [this] { return stopping(); });
        epoch = standby.wait([&] { compare_with_leader(connection, candidate); });
        if (!epoch) return;
    }
    if (stopping()) {
        sql::resign(connection, *epoch);
        return;
    }

    try {
        reduce(connection, carried, *epoch);
    } catch (const Error& error) {
        // Whoever starts this process again, and again, is not the only one who wants to know.
        if (connection.is_open()) sql::note_trouble(connection, *epoch, std::string(error.what()));
        throw;
    }
    // The reader has ended here, and with it whatever it does to the doorbell.
    sql::resign(connection, *epoch);
    held_.reset();
    log_line(spdlog::level::info, "resigned", {{"schema", options_.schema}, {"epoch", *epoch}});
}

void Orchestrator::compare_with_leader(sql::Connection& connection,
                                       const sql::Candidate& candidate) {
    const sql::Result leader = connection.exec(
        "select epoch, node, (select string_agg(n.text, ', ' order by n.text collate \"C\")"
        " from unnest(reducers) as r, format('%s@%s', r.name, r.version) as n (text))"
        " from leader where only_row");
    const sql::Row row = leader.only();
    const sql::Epoch epoch{row.integer(0)};
    if (std::exchange(compared_, epoch) == epoch) return;

    std::vector<std::string> carried;
    for (const sql::Versioned& reducer : candidate.reducers) carried.push_back(to_text(reducer));
    std::ranges::sort(carried);
    std::string ours;
    for (const std::string& reducer : carried) ours += (ours.empty() ? "" : ", ") + reducer;
    const std::string theirs(row.text(2));
    if (ours == theirs) return;
    log().warn(
        "the leader {} runs other reducers ({}) than this process carries ({}); what it does not"
        " run is not kept: an environment has one set of reducers at a time, so give one program"
        " all of them and start it everywhere",
        row.text(1), theirs.empty() ? "none" : theirs, ours.empty() ? "none" : ours);
}

void Orchestrator::reduce(sql::Connection& connection, const orchestrator::Carried& carried,
                          sql::Epoch epoch) {
    const std::optional<sql::Epoch> former = std::exchange(held_, epoch);
    orchestrator::Leader leader(options_, registry_, carried, connection, epoch,
                                [this] { return stopping(); });
    // Whatever ends it.
    const std::unique_ptr<std::atomic<bool>, void (*)(std::atomic<bool>*)> leading(
        &leading_, [](std::atomic<bool>* flag) { *flag = false; });
    leading_ = true;
    has_led_ = true;
    if (former && !interrupted_.empty()) {
        sql::note_trouble(connection, epoch, interrupted_, former);
        interrupted_.clear();
    }
    log_line(spdlog::level::info, "leading",
             {{"schema", options_.schema}, {"node", options_.node}, {"epoch", epoch}});
    leader.work();
}

}  // namespace baton
