// run_chaos(): an application's reducers and handlers under faults, and whether what Baton
// guarantees held: each event once, views that a second fold gives again, no task that is stuck, no
// mixed versions; and what the application checks by itself.
//
// Each round dispatches some events and lets an orchestrator or a node die at a point of choice
// (test_environment.hpp says which), or steps the clock. A node that dies behind its COMMIT is one
// whose answer is lost; what it held is run a second time. All choices follow from the seed; what
// threads do in between does not.
//
// Handlers are called for real. Those that call the outside world do so here, too.
//
// Threads: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "baton/testing/test_environment.hpp"

namespace baton::testing {

struct ChaosOptions {
    std::filesystem::path events;  ///< What `baton log --json` printed; again and again.
    std::uint64_t seed = 1;
    std::chrono::milliseconds time = std::chrono::minutes(1);
    int rounds_max = 1'000'000;
    std::string set_up = {};  ///< SQL that makes the application's own tables.
    /// SQL expressions that are true at the end, where all is well.
    std::vector<std::string> checks = {};
};

struct ChaosReport {
    int rounds = 0;
    std::int64_t events = 0;            ///< That were dispatched by this.
    std::map<std::string, int> faults;  ///< How often each happened.
    int handler_errors = 0;
    std::string handler_error;        ///< The first of them.
    std::vector<std::string> broken;  ///< A line for each guarantee that did not hold.
};

/// Throws Error where it cannot begin: the file has no events, the set-up is wrong.
[[nodiscard]] ChaosReport run_chaos(TestParts parts, const ChaosOptions& options,
                                    DatabaseServer& server = DatabaseServer::shared());

}  // namespace baton::testing
