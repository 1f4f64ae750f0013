#include "standby.hpp"

#include <utility>

#include "baton/base/fault.hpp"
#include "baton/base/log.hpp"
#include "baton/sql/failure.hpp"
#include "blame.hpp"
#include "lease.hpp"

namespace baton::orchestrator {
namespace {

// How long it waits between looks when nobody called.
constexpr std::chrono::milliseconds look_interval{300};

// How many steps are folded at most before the lead is taken for a promotion, and for how long: a
// busy leader would be a batch ahead for ever.
constexpr int steps_before_lead = 20;
constexpr std::chrono::seconds time_before_lead{5};

// For how long the log may stand still for a promotion.
constexpr std::chrono::seconds time_standing_still{60};

// How long it does not ask again after a promotion was refused or put off.
constexpr std::chrono::seconds promotion_pause{5};

// How often it looks for builds that nobody keeps.
constexpr std::chrono::milliseconds claim_interval{1000};

}  // namespace

Standby::Standby(const OrchestratorOptions& options, const Registry& registry,
                 const Manifest& manifest, sql::Connection& connection,
                 std::function<bool()> stopping)
    : options_(options),
      manifest_(manifest),
      candidate_(manifest.candidate()),
      connection_(connection),
      stopping_(std::move(stopping)),
      calls_(options.url, sql::session_options(options.schema, "baton standby"),
             options.schema + "_leader"),
      builder_(options, registry, manifest, connection) {
    // Not when it comes to lead: that may be at night.
    if (!options.other_builds) manifest.check_builds(connection);
}

std::optional<sql::Epoch> Standby::wait(const std::function<void()>& not_led) {
    while (!stopping_()) {
        const sql::LeadAnswer answer = sql::lead(connection_, candidate_);
        if (answer.epoch) return answer.epoch;
        if (!answer.lacking) {
            lacking_.reset();
            not_led();
        } else {
            keep_versions(*answer.lacking);
            if (const std::optional<sql::Epoch> epoch = promote()) return epoch;
        }
        go_on();
    }
    return std::nullopt;
}

void Standby::keep_versions(const sql::Versioned& lacking) {
    const bool is_new = std::exchange(lacking_, lacking) != lacking;
    if (is_new) {
        const std::string own = manifest_.version_of(lacking.name);
        log_line(spdlog::level::warn,
                 "cannot lead: view set " + to_text(lacking) +
                     " is live, and this process carries " +
                     (own.empty() ? "no version of it" : own),
                 {{"schema", options_.schema}, {"node", options_.node}});
    }
    if (!is_new && Clock::now() - looked_ < claim_interval) return;
    looked_ = Clock::now();
    builder_.look(is_new);
    if (options_.auto_promote) ask_for_promotion();
}

void Standby::ask_for_promotion() {
    if (Clock::now() - failed_ < promotion_pause) return;
    std::vector<std::string> sets;
    std::vector<int> versions;
    for (const sql::SetVersion* const set : builder_.ready_sets()) {
        sets.push_back(set->name);
        versions.push_back(set->version);
    }
    if (sets.empty()) return;
    try {
        static_cast<void>(sql::promote(connection_, sets, versions, false));
    } catch (const Error& error) {
        // 42501: the role that this process logs in as may not promote. It goes on building.
        const auto* const server = dynamic_cast<const sql::SqlError*>(&error);
        const bool is_forbidden = server != nullptr && server->sqlstate() == "42501";
        if (error.code() != ErrorCode::promotion_refused && !is_forbidden) throw;
        if (std::exchange(refused_, error.what()) == error.what()) return;
        if (is_forbidden) {
            log().warn("not promoted: {}", error.what());
        } else {
            log().info("not promoted yet: {}", error.what());
        }
    }
}

std::optional<sql::Epoch> Standby::promote() {
    if (Clock::now() - failed_ < promotion_pause) return std::nullopt;
    const std::optional<sql::OpenPromotion> promotion =
        sql::open_promotion(connection_, candidate_);
    if (!promotion) return std::nullopt;
    std::optional<sql::Epoch> epoch;
    try {
        // Nobody is deposed for a build that stands still, or cannot write.
        const Clock::time_point until = Clock::now() + time_before_lead;
        int steps = 0;
        while (steps < steps_before_lead && Clock::now() < until && !stopping_() &&
               builder_.step(promotion->view_sets)) {
            ++steps;
        }
        if (stopping_()) return std::nullopt;
        require_not_put_off(*promotion);
        // It is not led either where a build fell back further than a page: that one is not ready.
        epoch = sql::lead(connection_, candidate_, promotion->id).epoch;
        if (!epoch) return std::nullopt;
        carry_out(*promotion, *epoch);
        return epoch;
    } catch (const Error& error) {
        if (sql::is_passing(error)) {
            // The leader's batch takes long. Whatever this process has begun to lead it gives back.
            log().info("promotion put off: {}", error.what());
        } else if (error.code() == ErrorCode::promotion_refused) {
            log().warn("promotion refused: {}", error.what());
            sql::refuse_promotion(connection_, promotion->id, error.what());
        } else {
            throw;
        }
        if (epoch) sql::resign(connection_, *epoch);
        failed_ = Clock::now();
        return std::nullopt;
    }
}

// Else it would be refused for good, for what goes away by itself.
void Standby::require_not_put_off(const sql::OpenPromotion& promotion) const {
    if (!builder_.is_put_off(promotion.view_sets)) return;
    throw Error(ErrorCode::lock_unavailable,
                "somebody else holds a lock on a view that is to be promoted");
}

void Standby::carry_out(const sql::OpenPromotion& promotion, sql::Epoch epoch) {
    fault_point("promotion_led");
    // Nobody else can move the log on any more: what is missing is a batch at most.
    LeaderLease lease(connection_, epoch, options_.lease);
    const Clock::time_point until = Clock::now() + time_standing_still;
    while (builder_.step(promotion.view_sets)) {
        lease.keep();
        if (stopping_() || Clock::now() > until) {
            throw Error(
                ErrorCode::transaction_retry,
                stopping_() ? "this process is to stop" : "what was missing took too long to fold");
        }
    }
    require_not_put_off(promotion);
    fault_point("before_switch");
    const Position position = sql::switch_versions(connection_, promotion.id, epoch);
    fault_point("after_switch");
    log_line(spdlog::level::info, "promoted",
             {{"promotion", promotion.id}, {"position", position}, {"epoch", epoch}});
}

void Standby::go_on() {
    const Clock::time_point until = Clock::now() + look_interval;
    bool is_further = true;
    while (is_further && !stopping_() && Clock::now() < until) {
        try {
            is_further = builder_.step();
        } catch (const Error& error) {
            if (!sql::is_passing(error)) throw;
            log().warn("build put off: {}", error.what());
            is_further = false;
        }
    }
    if (!is_further) static_cast<void>(calls_.wait(look_interval));
}

}  // namespace baton::orchestrator
