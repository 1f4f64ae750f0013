// Commands as handlers of a node: what the database has of them, and when they are ended.
#include "baton/node_agent/command.hpp"
#include "node_agent/running_agent.hpp"
#include "support/processes.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

class NodeCommandTest : public NodeAgentFixture {
protected:
    static Handlers shell(const std::string& script, std::chrono::milliseconds patience = 4s) {
        Handlers made;
        add_command(made, {.name = "shell",
                           .words = {"sh", "-c", script},
                           .folder = "/",
                           .threads = 2,
                           .stop_patience = patience});
        return made;
    }
    void enqueue_one(const std::string& arguments = "'{}'") {
        ASSERT_TRUE(eventually(
            60s, [&] { return number("select count(*) from handler where name = 'shell'") == 1; }));
        connection_.exec("select enqueue('shell', " + arguments + ")");
    }
    // A command that runs until it is ended, with one that has left its group.
    [[nodiscard]] std::string endless() const {
        return "trap '' TERM; setsid sleep " + sleep_ + " & sleep " + sleep_;
    }
    void expect_runs() {
        EXPECT_TRUE(eventually(60s, [&] { return processes_with(sleep_) == 2; }));
    }
    void expect_is_gone() {
        EXPECT_TRUE(eventually(5s, [&] { return processes_with(sleep_) == 0; }))
            << processes_with(sleep_);
    }

    const std::string sleep_ = own_sleep();
};

TEST_F(NodeCommandTest, ResultAndPayloadOfAnyBytes) {
    const RunningAgent agent(options(), shell("cat; echo; printf '{\"id\": %d}' $BATON_TASK_ID"));
    enqueue_one(R"('{"a": "x\ny"}')");
    ASSERT_TRUE(has_ended(1));
    EXPECT_EQ(text("select result::text from task_end"), R"({"id": 1})");
    connection_.exec("select enqueue_bytes('shell', '\\x00ff0a00', 'image/png')");
    ASSERT_TRUE(has_ended(2));
}

TEST_F(NodeCommandTest, FailureOfAnyBytesIsOnRecord) {
    const RunningAgent agent(
        options(),
        shell("printf 'a\\000b\\377\\n' >&2; head -c 3000000 /dev/zero | tr '\\0' '\\377' >&2; "
              "printf 'end\\000\\377' >&2; exit 65"));
    enqueue_one();
    ASSERT_TRUE(has_ended(1, "dead"));
    EXPECT_EQ(number("select count(*) from task_failure where error like 'exit code 65; the end of "
                     "stderr: %' and length(error) <= 16384"),
              1);
}

TEST_F(NodeCommandTest, NotNowCountsNoAttempt) {
    const RunningAgent agent(options(), shell("echo 3600; exit 75"));
    enqueue_one();
    EXPECT_TRUE(eventually(60s, [&] {
        return number(
                   "select count(*) from task_due where due_at > clock_timestamp() + interval "
                   "'59 min' and attempts = 0 and deliveries = 0") == 1;
    }));
}

TEST_F(NodeCommandTest, CancelledTaskIsEndedWithAllThatItStarted) {
    NodeOptions how = options();
    how.lease = 1500ms;  // so often it hears of cancellations
    const RunningAgent agent(how, shell(endless()));
    enqueue_one();
    expect_runs();
    connection_.exec("select cancel(1)");
    expect_is_gone();
    EXPECT_EQ(number("select count(*) from task_failure"), 0);
}

TEST_F(NodeCommandTest, NodeWhoseLeaseIsOverEndsWhatItRuns) {
    NodeOptions how = options();
    how.lease = 1500ms;
    const RunningAgent agent(how, shell(endless()));
    enqueue_one();
    expect_runs();
    connection_.exec("select pause_handler('shell')");
    connection_.exec("update node set alive_at = alive_at - interval '1 hour'");
    expect_is_gone();
}

TEST_F(NodeCommandTest, StopEndsWhatDoesNotEndAndCountsNothing) {
    NodeOptions how = options();
    how.stop_patience = 400ms;
    RunningAgent agent(how, shell(endless(), how.stop_patience));
    enqueue_one();
    expect_runs();
    const auto begun = std::chrono::steady_clock::now();
    agent.stop();
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
    EXPECT_EQ(number("select count(*) from task_ready where attempts = 0 and deliveries = 0"), 1);
    // It is deaf to what it was told, and its task is another's: it is ended, since it can be.
    expect_is_gone();
}

TEST_F(NodeCommandTest, StopTellsWhatRunsSoThatItMayEnd) {
    NodeOptions how = options();
    how.stop_patience = 60s;
    RunningAgent agent(how, shell("sleep " + sleep_ + " & sleep " + sleep_, 400ms));
    enqueue_one();
    expect_runs();
    agent.stop();
    EXPECT_EQ(agent.left_running(), 0);
    EXPECT_EQ(processes_with(sleep_), 0);
    EXPECT_EQ(number("select count(*) from task_failure"), 0);
    EXPECT_EQ(number("select count(*) from task_ready where attempts = 0 and deliveries = 0") +
                  number("select count(*) from task_due where attempts = 0 and deliveries = 0"),
              1);
}

}  // namespace
}  // namespace baton::testing
