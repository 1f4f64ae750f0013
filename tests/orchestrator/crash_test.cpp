// kill -9 of the orchestrator at every step of a batch, while writers dispatch.
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <random>

#include "orchestrator/world.hpp"
#include "support/seed.hpp"

namespace baton::testing {
namespace {

const std::string sql_file = BATON_SOURCE_DIR "/tests/orchestrator/program/sql_totals.sql";

TEST(CrashTest, KilledAtEveryStepEveryViewIsStillExact) {
    constexpr std::array<const char*, 6> points{"after_read",    "after_arm",
                                                "after_reduce",  "before_checkpoint",
                                                "before_commit", "after_commit"};
    std::mt19937_64 random(seed());
    World world;
    Writers writers(world.url(), 3);
    for (std::size_t round = 0; round < 24; ++round) {
        const std::string point = points[round % points.size()];
        const std::string visit = std::to_string(1 + random() % 6);
        SCOPED_TRACE(point + ":" + visit);
        const auto process =
            world.start({.node = "killed",
                         .options = {"--sql", sql_file, "--batch-max", random() % 2 ? "7" : "1000"},
                         .fault = point + ":" + visit + ":kill"});
        // A session that was held up keeps the orchestrator from arming; then kill it ourselves.
        const bool may_stay = point == "after_arm";
        const std::optional<ExitStatus> end = process->wait(seconds(may_stay ? 3 : 30));
        if (!end && !may_stay) ADD_FAILURE() << process->error_output();
        process->kill(SIGKILL);
        static_cast<void>(process->wait(seconds(10)));
    }
    writers.stop();
    const auto last = world.start({.node = "last", .options = {"--sql", sql_file}});
    ASSERT_TRUE(world.settles()) << last->error_output();
    world.expect_exact();
    world.expect_accounts_agree();
    EXPECT_GT(std::stoi(world.ask("select count(*) from batch")), 24);
}

}  // namespace
}  // namespace baton::testing
