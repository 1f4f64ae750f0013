// Handlers that are commands, as processes: `baton node` and `baton up` with an environment's file.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "baton/sql/connection.hpp"
#include "end_to_end/command.hpp"
#include "support/child_process.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"
#include "support/processes.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto baton_program = BATON_BINARY_DIR "/cli/baton";

class CommandHandlerTest : public ::testing::Test {
protected:
    void SetUp() override { describe_as_development(connection_); }
    void TearDown() override { fs::remove_all(folder_); }

    void write(const std::string& name, const std::string& text) const {
        std::ofstream(fs::path(folder_) / name) << text;
    }
    // An environment's file with a handler `work`, which is this script.
    void declare(const std::string& script, const std::string& more = "") const {
        write("work.sh", script);
        write("test.toml",
              "name = \"test\"\nkind = \"development\"\n[node]\nlease_ms = 1500\nstop_ms = 1500\n"
              "[[handler]]\nname = \"work\"\nversion = 1\ncommand = [\"sh\", \"work.sh\"]\n"
              "files = [\"work.sh\"]\n" +
                  more);
    }
    [[nodiscard]] ChildProcessOptions baton(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), baton_program);
        arguments.insert(arguments.end(), {"--env", folder_ + "/test.toml"});
        return {.arguments = std::move(arguments),
                .environment = {{"DATABASE_URL", database_.url()}}};
    }
    std::int64_t number(const std::string& query) {
        return connection_.exec(query).only().integer(0);
    }
    void enqueue(int count) {
        ASSERT_TRUE(eventually(60s, [&] { return number("select count(*) from handler") == 1; }));
        connection_.exec("select enqueue('work', to_jsonb(i)) from generate_series(1, " +
                         std::to_string(count) + ") i");
    }
    [[nodiscard]] bool are_done(int count) {
        return eventually(60s, [&] {
            return number("select count(*) from task_end where outcome = 'done'") == count;
        });
    }
    // Runs until it is ended; deaf, with a child and one that has left the group.
    void declare_endless() const {
        declare("trap '' TERM\nsleep " + sleep_ + " &\nsetsid sleep " + sleep_ + " &\nsleep " +
                sleep_ + "\n");
    }
    [[nodiscard]] bool runs() const {
        return eventually(60s, [&] { return processes_with(sleep_) == 3; });
    }
    [[nodiscard]] bool is_gone_within(std::chrono::milliseconds time) const {
        return eventually(time, [&] { return processes_with(sleep_) == 0; });
    }

    TestDatabase database_{environment_template()};
    sql::Connection connection_{database_.url(), in_test_schema()};
    const std::string sleep_ = own_sleep();
    std::string folder_ = [] {
        std::string folder = "/tmp/baton_command_XXXXXX";
        if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
        return folder;
    }();
};

// A schedule of the file is made once its handler is known, changed by the next one who leads, and
// refused in a line that says where it stands.
TEST_F(CommandHandlerTest, SchedulesOfTheFileAreMadeByWhoeverLeads) {
    const std::string schedules =
        "[[schedule]]\nname = \"tick\"\nspec = \"every second\"\nhandler = \"work\"\n"
        "payload = '{\"n\": 1}'\noverlap = \"allow\"\n"
        "[[schedule]]\nname = \"mark\"\nspec = \"@yearly\"\nevent = \"year/over\"\n"
        "[[schedule]]\nname = \"wrong\"\nspec = \"61 * * * *\"\nhandler = \"work\"\n";
    declare("cat\n", schedules);
    {
        ChildProcess leader(baton({"orchestrate"}));
        EXPECT_TRUE(eventually(60s, [&] {
            return number("select count(*) from schedule where name = 'mark'") == 1;
        })) << leader.error_output();
        EXPECT_EQ(number("select count(*) from schedule"), 1) << "nobody knows the handler yet";
        const ChildProcess node(baton({"node"}));
        EXPECT_TRUE(eventually(
            60s,
            [&] {
                return number("select count(*) from task_end where result = '{\"n\": 1}'") >= 2;
            }))
            << leader.error_output() << node.error_output();
        EXPECT_EQ(number("select count(*) from schedule"), 2);
        const std::string said = leader.error_output();
        EXPECT_NE(said.find("schedule was refused"), std::string::npos) << said;
        EXPECT_NE(said.find("schedule=wrong"), std::string::npos) << said;
        EXPECT_NE(said.find("test.toml:"), std::string::npos) << said;
        EXPECT_NE(said.find("[BT057]"), std::string::npos) << said;
        leader.kill(SIGTERM);
        EXPECT_TRUE(leader.wait(20s));
    }
    connection_.exec("select pause_schedule('tick', 'for a while')");
    declare("cat\n", "[[schedule]]\nname = \"tick\"\nspec = \"@daily\"\nhandler = \"work\"\n");
    const ChildProcess leader(baton({"orchestrate"}));
    EXPECT_TRUE(eventually(60s, [&] {
        return number(
                   "select count(*) from schedule where spec = '@daily' and "
                   "paused_at is not null") == 1;
    })) << leader.error_output();
    EXPECT_EQ(number("select count(*) from schedule"), 2) << "what is not said any more goes on";
}

// Two files that say two things: the last one who began to lead is right, and nobody goes back and
// forth; doctor says where the database is not as a file says.
TEST_F(CommandHandlerTest, OfTwoFilesThatOfWhoeverLeadsCounts) {
    const auto says = [&](const std::string& spec) {
        declare("cat\n",
                "[orchestrator]\nlease_ms = 1000\n[[schedule]]\nname = \"mark\"\nspec = \"" + spec +
                    "\"\nevent = \"year/over\"\n");
    };
    const auto is = [&](const std::string& spec, int changes) {
        return eventually(60s, [&] {
            return number("select count(*) from schedule where spec = '" + spec + "'") == changes;
        });
    };
    says("@yearly");
    ChildProcess first(baton({"orchestrate"}));
    ASSERT_TRUE(is("@yearly", 1)) << first.error_output();
    says("@monthly");
    ChildProcess second(baton({"orchestrate"}));
    ASSERT_TRUE(eventually(60s, [&] {
        return second.error_output().find("stand") != std::string::npos;
    })) << second.error_output();
    EXPECT_TRUE(is("@yearly", 1)) << "who stands by changes nothing";
    ChildProcess doctor(baton({"doctor"}));
    EXPECT_TRUE(doctor.wait(30s));
    EXPECT_NE(doctor.output().find("is another one in the database: spec '@yearly'"),
              std::string::npos)
        << doctor.output();
    first.kill(SIGTERM);
    EXPECT_TRUE(first.wait(20s));
    EXPECT_TRUE(is("@monthly", 1)) << second.error_output();
    EXPECT_NE(second.error_output().find("schedule changed"), std::string::npos);
    second.kill(SIGTERM);
    EXPECT_TRUE(second.wait(20s));
}

// A workflow of the file is defined once its handlers are known; what is wrong is told, and holds
// up nothing.
TEST_F(CommandHandlerTest, WorkflowsOfTheFileAreDefinedByWhoeverLeads) {
    declare("cat\n",
            "[[workflow]]\nname = \"twice\"\nversion = 1\n"
            "[[workflow.step]]\nhandler = \"work\"\n"
            "[[workflow.step]]\nname = \"again\"\nhandler = \"work\"\nundo = \"work\"\n"
            "[[workflow]]\nname = \"wrong\"\nversion = 1\n"
            "[[workflow.step]]\nhandler = \"work\"\nsleep = \"1 hour\"\n");
    ChildProcess leader(baton({"orchestrate"}));
    ASSERT_TRUE(eventually(60s, [&] {
        return leader.error_output().find("workflow waits for what it is of") != std::string::npos;
    })) << leader.error_output();
    const ChildProcess node(baton({"node"}));
    ASSERT_TRUE(eventually(60s, [&] { return number("select count(*) from workflow") == 1; }))
        << leader.error_output();
    connection_.exec("select start_workflow('twice', '{\"order\": 42}')");
    EXPECT_TRUE(eventually(60s, [&] {
        return number(
                   "select count(*) from workflow_run where state = 'done' and result = "
                   "'{\"order\": 42}'") == 1;
    })) << node.error_output();
    const std::string said = leader.error_output();
    EXPECT_NE(said.find("workflow was refused"), std::string::npos) << said;
    EXPECT_NE(said.find("workflow=wrong@1"), std::string::npos) << said;
}

TEST_F(CommandHandlerTest, ExampleDoesWhatItsReadmeSays) {
    const std::string file = BATON_SOURCE_DIR "/examples/command/dev.toml";
    ChildProcess up({.arguments = {baton_program, "up", "--env", file}});
    ASSERT_TRUE(eventually(120s, [&] { return up.output().find("Ctrl-C") != std::string::npos; }))
        << up.error_output();
    const std::string said = up.output();
    const std::size_t begin = said.find('\'') + 1;
    const std::string url = said.substr(begin, said.find('\'', begin) - begin);
    const auto sh = [&](const std::string& command) {
        const Outcome outcome =
            run({.arguments = {"sh", "-c", "exec \"$0\" " + command, baton_program},
                 .environment = {{"DATABASE_URL", url}}});
        EXPECT_EQ(outcome.code, 0) << command << ": " << outcome.error;
        return outcome.output;
    };
    ASSERT_TRUE(eventually(60s, [&] {
        return sh("handlers --json").find("count_words") != std::string::npos;
    })) << up.error_output();
    const std::string readme = text_of(BATON_SOURCE_DIR "/examples/command/README.md");
    int commands = 0;
    for (std::size_t at = 0; (at = readme.find("\n    baton ", at)) != std::string::npos; ++at) {
        const std::string line = readme.substr(at + 11, readme.find('\n', at + 1) - at - 11);
        if (line.starts_with("up")) continue;
        static_cast<void>(sh(line));
        ++commands;
    }
    EXPECT_EQ(commands, 5);
    sql::Connection inside(url, {.schema = "baton_dev"});
    EXPECT_TRUE(eventually(60s, [&] {
        return inside.exec("select count(*) from task_end").only().integer(0) == 3;
    })) << up.error_output();
    EXPECT_EQ(inside
                  .exec("select string_agg(coalesce(f.error, e.result::text), ' ' order by e.task) "
                        "from task_end e left join task_failure f on f.task = e.task")
                  .only()
                  .text(0),
              R"({"words": 6} {"words": 9} exit code 65; stderr: the note has no text)");
    up.kill(SIGTERM);
    EXPECT_TRUE(up.wait(20s));
}

TEST_F(CommandHandlerTest, KilledNodeLeavesNoChildAndAnotherDoesTheTask) {
    declare_endless();
    ChildProcess node(baton({"node"}));
    enqueue(1);
    ASSERT_TRUE(runs()) << node.error_output();
    node.kill(SIGKILL);
    ASSERT_TRUE(node.wait(10s));
    EXPECT_TRUE(is_gone_within(1s)) << processes_with(sleep_);
    declare("cat");  // in development the newest build counts
    const ChildProcess other(baton({"node"}));
    EXPECT_TRUE(are_done(1)) << other.error_output();
}

TEST_F(CommandHandlerTest, StoppedNodeLeavesNoChildAndCountsNothing) {
    declare_endless();
    ChildProcess node(baton({"node"}));
    enqueue(1);
    ASSERT_TRUE(runs()) << node.error_output();
    node.kill(SIGTERM);
    const auto end = node.wait(5s);
    ASSERT_TRUE(end) << "it stops within 5 s";
    EXPECT_EQ(end->code, 0) << node.error_output();
    EXPECT_TRUE(is_gone_within(1s)) << processes_with(sleep_);
    EXPECT_EQ(number("select count(*) from task_ready where attempts = 0 and deliveries = 0"), 1);
}

TEST_F(CommandHandlerTest, ManyTasksOfLargeOutputAreDoneOnceEach) {
    declare("read -r line; echo $line >>done.txt; head -c 1000000 /dev/zero; echo; echo $line",
            "threads = 3\n");
    const ChildProcess node(baton({"node"}));
    enqueue(60);
    ASSERT_TRUE(are_done(60)) << node.error_output();
    EXPECT_EQ(number("select count(distinct result) from task_end"), 60);
    const std::string lines = text_of(folder_ + "/done.txt");
    EXPECT_EQ(std::ranges::count(lines, '\n'), 60);
}

TEST_F(CommandHandlerTest, ChangedFileIsNotRunByANodeThatStartedBefore) {
    declare("echo '\"one\"'");
    ChildProcess node(baton({"node"}));
    enqueue(1);
    ASSERT_TRUE(are_done(1)) << node.error_output();
    declare("echo '\"two\"'");
    enqueue(5);
    EXPECT_TRUE(eventually(20s, [&] {
        return node.error_output().find("work.sh has changed") != std::string::npos;
    })) << node.error_output();
    const ChildProcess other(baton({"node"}));
    ASSERT_TRUE(are_done(6)) << other.error_output();
    EXPECT_EQ(number("select count(*) from task_end where result = '\"two\"'"), 5);
    EXPECT_EQ(number("select count(*) from task_failure"), 0);
}

TEST_F(CommandHandlerTest, WhatCannotBeRunIsOneLineAtTheStart) {
    write("test.toml",
          "name = \"test\"\nkind = \"development\"\n[[handler]]\nname = \"work\"\nversion = 1\n"
          "command = [\"pythn3\", \"work.py\"]\n");
    for (const char* const verb : {"node", "up"}) {
        ChildProcessOptions options = baton({verb});
        options.environment["PATH"] = "/usr/bin:/bin";
        const Outcome outcome = run(options);
        EXPECT_EQ(outcome.code, 2);
        EXPECT_EQ(outcome.error,
                  "baton: " + folder_ +
                      "/test.toml:3: handler \"work\" version 1: there is no program "
                      "\"pythn3\" in PATH, which is /usr/bin:/bin [BT016]\n");
    }
}

}  // namespace
}  // namespace baton::testing
