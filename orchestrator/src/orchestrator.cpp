#include "baton/orchestrator/orchestrator.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "baton/base/log.hpp"
#include "baton/sql/leadership.hpp"
#include "baton/sql/listener.hpp"
#include "blame.hpp"
#include "leader.hpp"
#include "manifest.hpp"
#include "standby.hpp"

namespace baton {
namespace {

sql::ConnectOptions leader_options(const OrchestratorOptions& options) {
    sql::ConnectOptions connect = sql::session_options(options.schema, "baton orchestrator");
    // A leader that hangs inside a transaction must not hold the fence's lock for longer than it
    // is believed to lead.
    connect.idle_in_transaction_timeout =
        std::max(std::chrono::ceil<std::chrono::seconds>(options.lease), std::chrono::seconds(1));
    return connect;
}

std::string lock_timeout(const OrchestratorOptions& options) {
    return std::to_string(orchestrator::lock_patience(options.lease).count()) + "ms";
}

}  // namespace

Orchestrator::Orchestrator(OrchestratorOptions options, const Registry& registry)
    : options_(std::move(options)),
      registry_(registry),
      loop_(options_.url, leader_options(options_), "leadership"),
      slow_(std::make_unique<orchestrator::SlowEvents>()) {}

Orchestrator::~Orchestrator() = default;

void Orchestrator::stop() noexcept { loop_.stop(); }

void Orchestrator::run() {
    loop_.run([this](sql::Connection& connection) { lead_or_wait(connection); });
}

void Orchestrator::lead_or_wait(sql::Connection& connection) {
    connection.exec("set lock_timeout = '" + lock_timeout(options_) +
                    "'; set enable_seqscan = off; set jit = off");
    sql::prepare_leadership(connection);

    const orchestrator::Manifest manifest(options_, registry_);
    const sql::Candidate candidate = manifest.candidate();
    std::optional<sql::Epoch> epoch = sql::lead(connection, candidate).epoch;
    sql::declare_event_types(connection, registry_.declared_types());
    if (!epoch) {
        if (std::exchange(held_, std::nullopt)) log().warn("deposed: somebody else leads now");
        log_line(spdlog::level::info, "standing by",
                 {{"schema", options_.schema}, {"node", options_.node}});
        orchestrator::Standby standby(options_, registry_, manifest, connection,
                                      [this] { return loop_.stopping(); });
        epoch = standby.wait([&] { compare_with_leader(connection, candidate); });
        if (!epoch) return;
    }
    if (loop_.stopping()) {
        sql::resign(connection, *epoch);
        return;
    }

    try {
        reduce(connection, manifest, *epoch);
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

void Orchestrator::reduce(sql::Connection& connection, const orchestrator::Manifest& manifest,
                          sql::Epoch epoch) {
    const std::optional<sql::Epoch> former = std::exchange(held_, epoch);
    orchestrator::Leader leader(options_, registry_, manifest, connection, epoch, *slow_,
                                [this] { return loop_.stopping(); });
    // Whatever ends it.
    const std::unique_ptr<std::atomic<bool>, void (*)(std::atomic<bool>*)> leading(
        &leading_, [](std::atomic<bool>* flag) { *flag = false; });
    leading_ = true;
    loop_.had_all_rights();
    const std::string interruption = loop_.take_interruption();
    if (former && !interruption.empty()) {
        sql::note_trouble(connection, epoch, interruption, former);
    }
    log_line(spdlog::level::info, "leading",
             {{"schema", options_.schema}, {"node", options_.node}, {"epoch", epoch}});
    leader.work();
}

}  // namespace baton
