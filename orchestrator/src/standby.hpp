// A process that does not lead: it keeps the versions that it carries and that are not live,
// carries out their promotion, and takes the lead when that is free.
//
// Threads: the caller's.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "baton/sql/leadership.hpp"
#include "baton/sql/listener.hpp"
#include "baton/sql/versions.hpp"
#include "builder.hpp"
#include "manifest.hpp"

namespace baton::orchestrator {

class Standby {
public:
    /// Throws Error(build_mismatch) where a version that this process carries is known with another
    /// build, unless the options allow that.
    Standby(const OrchestratorOptions& options, const Registry& registry, const Manifest& manifest,
            sql::Connection& connection, std::function<bool()> stopping);

    /// The epoch of the leadership that came; nothing if `stopping` came first. `not_led` is called
    /// after each look at which somebody else led, and this process carries all that is live.
    std::optional<sql::Epoch> wait(const std::function<void()>& not_led);

private:
    using Clock = std::chrono::steady_clock;

    void keep_versions(const sql::Versioned& lacking);
    /// Asks for the promotion of what is ready, where that is the policy.
    void ask_for_promotion();
    std::optional<sql::Epoch> promote();
    /// Throws Error(lock_unavailable) where a build waits for a lock.
    void require_not_put_off(const sql::OpenPromotion& promotion) const;
    void carry_out(const sql::OpenPromotion& promotion, sql::Epoch epoch);
    /// Builds until it is time to look again; waits if there is nothing to build.
    void go_on();

    const OrchestratorOptions& options_;
    const Manifest& manifest_;
    const sql::Candidate candidate_;
    sql::Connection& connection_;
    const std::function<bool()> stopping_;
    sql::Listener calls_;  // resignations and promotions
    Builder builder_;
    // The last live set version that this process was found to lack.
    std::optional<sql::Versioned> lacking_;
    std::string refused_;  // why a promotion that it asked for was refused
    Clock::time_point looked_;
    Clock::time_point failed_ = Clock::now() - std::chrono::hours(1);  // to promote
};

}  // namespace baton::orchestrator
