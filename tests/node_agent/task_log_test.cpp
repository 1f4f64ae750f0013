// What a task says stays on its node, where people can look at it while it runs; and what is left
// of it when the attempt fails, if the environment asked for that.
#include <fstream>

#include "baton/local_bus/bus.hpp"
#include "baton/local_bus/bus_visitor.hpp"
#include "local_bus/runtime_folder.hpp"
#include "node_agent/running_agent.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

struct PartDone {
    static constexpr std::string_view topic = "part/done";
    std::int64_t number = 0;
    BATON_FIELDS(number)
};

struct Total {
    std::int64_t sum = 0;
    void reduce(const PartDone& part) { sum += part.number; }
    BATON_FIELDS(sum)
};

class TaskLogTest : public NodeAgentFixture {
protected:
    std::string failed_with(const NodeOptions& how,
                            std::function<Outcome(const Job&, TaskContext&)> does,
                            const std::string& arguments = "") {
        enqueue(1, arguments);
        RunningAgent agent(how, handlers(std::move(does)));
        EXPECT_TRUE(
            eventually(60s, [&] { return number("select count(*) from task_failure") > 0; }));
        agent.stop();
        return text("select error from task_failure order by failed_at limit 1");
    }

    RuntimeFolder folder_;
};

Outcome speak(const Job&, TaskContext& task) {
    for (int i = 1; i <= 1200; ++i) task.bus().publish(PartDone{i});
    task.log(Level::debug, "read {} parts", 1200);
    task.log(Level::warn, "two\nlines");
    return retry("no ink");
}

TEST_F(TaskLogTest, AFailedAttemptLeavesItsLastMessagesAndLines) {
    NodeOptions how = options();
    how.bus.failures = folder_.path() / "failures";
    how.bus.error_lines = 2;
    const std::string error = failed_with(how, speak);
    const std::string start =
        "no ink; its last lines: debug: read 1200 parts | warn: two\\nlines; its last 1000 "
        "messages "
        "are in ";
    ASSERT_TRUE(error.starts_with(start)) << error;
    ASSERT_TRUE(error.ends_with(" on its node")) << error;
    const fs::path file = error.substr(start.size(), error.size() - start.size() - 12);
    EXPECT_EQ(file.parent_path(), folder_.path() / "failures");
    LocalStore<Total> store("total");
    store.on<PartDone>();
    const Replayed replayed = replay(file, store);
    EXPECT_TRUE(replayed.is_whole);
    EXPECT_EQ(replayed.lost, 202U);
    EXPECT_EQ(store.state().sum, 1200 * 1201 / 2 - 202 * 203 / 2);
    RecordingReader reader(file);
    EXPECT_EQ(reader.next()->attempt, 1);
    EXPECT_EQ(number("select count(*) from event"), 0);
}

TEST_F(TaskLogTest, NothingIsLeftWhereNobodyAsked) {
    EXPECT_EQ(failed_with(options(), speak), "no ink");
}

TEST_F(TaskLogTest, TenantsMayKeepTheirLinesToThemselves) {
    NodeOptions how = options();
    how.bus.error_lines = 5;
    how.bus.error_lines_except = {"acme"};
    EXPECT_EQ(failed_with(how, speak, ", tenant => 'acme'"), "no ink");
}

// What is behind a long reason is what says where the rest is.
TEST_F(TaskLogTest, ALongReasonIsCutBeforeItsLines) {
    NodeOptions how = options();
    how.bus.error_lines = 1;
    const std::string error = failed_with(how, [](const Job&, TaskContext& task) -> Outcome {
        task.log(Level::info, "the end");
        throw std::runtime_error(std::string(50'000, 'x'));
    });
    EXPECT_TRUE(error.ends_with("x; its last lines: info: the end")) << error.size();
    EXPECT_LE(error.size(), 16'384U);
}

TEST_F(TaskLogTest, PeopleLookAtATaskWhileItRuns) {
    Gate gate;
    connection_.exec(
        "select enqueue('work', '{\"number\": 1, \"note\": \"\"}', meta => "
        "'{\"traceparent\": \"00-ab-cd-01\"}')");
    RunningAgent agent(options("shop"), handlers([&](const Job&, TaskContext& task) -> Outcome {
                           static_cast<void>(task.bus());
                           gate.pass();
                           task.log(Level::info, "here is {}", "north");
                           return done();
                       }));
    EXPECT_TRUE(eventually(60s, [&] { return gate.came() == 1; }));
    BusVisitor visitor(window_of("shop"), {.want = "tail", .topic = "log/*"});
    EXPECT_EQ(visitor.hello().environment, test_credentials().environment);
    gate.open();
    const BusVisitor::Seen seen = visitor.next(30s);
    ASSERT_TRUE(seen.frame.message);
    EXPECT_EQ(seen.frame.message->trace, "00-ab-cd-01");
    EXPECT_EQ(decode_json<LogLine>(seen.frame.message->content.text()).text, "here is north");
    ASSERT_TRUE(has_ended(1));
    agent.stop();
}

TEST_F(TaskLogTest, AFolderThatIsOpenToOthersIsRefused) {
    NodeOptions how = options();
    how.bus.failures = folder_.path() / "open";
    fs::create_directory(how.bus.failures);
    fs::permissions(how.bus.failures, fs::perms::all);
    try {
        NodeAgent agent(how, handlers(speak));
        ADD_FAILURE() << "it is not";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::recording_failed);
    }
}

// A node that nobody can look at works all the same.
TEST_F(TaskLogTest, ANodeWithoutAWindowWorks) {
    ::setenv("XDG_RUNTIME_DIR", folder_.path().c_str(), 1);
    std::ofstream(folder_.path() / "baton") << "no folder";
    enqueue(1);
    RunningAgent agent(options(), handlers(write_down));
    EXPECT_TRUE(has_ended(1));
    agent.stop();
    expect_each_once(1);
}

}  // namespace
}  // namespace baton::testing
