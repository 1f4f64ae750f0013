// What a handler says while it runs is told: how far it has come, and that it needs longer.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "baton/base/error.hpp"
#include "baton/node_agent/command.hpp"
#include "node_agent/running_agent.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

class TaskProgressTest : public NodeAgentFixture {
protected:
    // Whether `query` gives that, soon.
    bool becomes(const std::string& query, const std::string& expected) {
        return eventually(60s, [&] { return text(query) == expected; });
    }
    static constexpr auto shown = "select coalesce(min(progress::text), '-') from task_progress";
};

TEST_F(TaskProgressTest, HandlerSaysHowFarItIsAndThatItNeedsLonger) {
    Gate gate;
    Handlers handlers;
    handlers.add(Work{.does = [&](const Job& job, TaskContext& task) {
        for (int i = 0; i < 1000; ++i) task.progress(R"({"done": )" + std::to_string(i) + "}");
        task.progress(job);
        task.extend(10min);
        EXPECT_THROW(task.progress(std::string("{")), Error);
        EXPECT_THROW(task.progress(std::string(R"("\u0000")")), Error);
        EXPECT_THROW(task.extend(0ms), Error);
        EXPECT_THROW(task.extend(31 * 24h), Error);
        gate.pass();
        return done();
    }});
    const RunningAgent agent(options(), handlers);
    connection_.exec("select set_run_at_most('work', '1 min')");
    enqueue(1);
    EXPECT_TRUE(becomes(shown, R"({"note": "", "number": 1})"));
    EXPECT_TRUE(
        becomes("select count(*)::text from task_extension where ends_at > "
                "clock_timestamp() + interval '9 min'",
                "1"));
    gate.open();
    EXPECT_TRUE(has_ended(1));
}

TEST_F(TaskProgressTest, WhatIsTooLargeIsRefusedAndTheTaskGoesOn) {
    Gate gate;
    Handlers handlers;
    handlers.add(Work{.does = [&](const Job&, TaskContext& task) {
        task.progress("\"" + std::string(3'000'000, 'x') + "\"");
        gate.pass();
        task.progress(std::string("1"));
        return done();
    }});
    const RunningAgent agent(options(), handlers);
    enqueue(1);
    ASSERT_TRUE(eventually(60s, [&] { return gate.came() == 1; }));
    gate.open();
    EXPECT_TRUE(has_ended(1));
    EXPECT_EQ(text("select count(*)::text from task_failure"), "0");
}

TEST_F(TaskProgressTest, CommandSaysItInLinesThatAreNoResult) {
    std::string folder = "/tmp/baton_progress_XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    Handlers handlers;
    add_command(handlers, {.name = "shell",
                           .words = {"sh", "-c",
                                     "echo '#progress {\"done\": 1}'; printf '#progress 40 of'; "
                                     "sleep 0.1; echo ' 100'; "
                                     "while [ ! -e go ]; do sleep 0.05; done; "
                                     "echo '{\"r\": 5}'; echo '#progress 99'"},
                           .folder = folder,
                           .events = {"image/uploaded"},
                           .lane_by_key = true});
    const RunningAgent agent(options(), handlers);
    ASSERT_TRUE(becomes("select count(*)::text from handler", "2"));
    EXPECT_EQ(text("select lane_by_key::text from handler_event"), "true");
    connection_.exec("select enqueue('shell')");
    EXPECT_TRUE(becomes(shown, R"("40 of 100")"));
    std::ofstream(std::filesystem::path(folder) / "go") << "";
    ASSERT_TRUE(has_ended(1));
    EXPECT_EQ(text("select result::text from task_end"), R"({"r": 5})");
    EXPECT_THROW(
        add_command(handlers,
                    {.name = "other", .words = {"sh"}, .folder = "/", .lane_by_key = true}),
        Error);
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace baton::testing
