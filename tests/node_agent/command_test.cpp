// Handlers that are commands, without a database: what a program gets, what its end means, and when
// it is not run.
#include "baton/node_agent/command.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>

#include "support/eventually.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Kind = Outcome::Kind;

class CommandTest : public ::testing::Test {
protected:
    CommandTest() {
        std::string folder = "/tmp/baton_command_XXXXXX";
        if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
        folder_ = folder;
    }
    ~CommandTest() override { fs::remove_all(folder_); }

    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name, std::ios::binary) << text;
    }
    // A second ago, so that it counts as settled.
    void write_long_ago(const std::string& name, const std::string& text) const {
        write(name, text);
        ASSERT_TRUE(eventually(5s, [&] {
            struct stat status {};
            ::stat((folder_ / name).c_str(), &status);
            return std::time(nullptr) > status.st_ctim.tv_sec + 1;
        }));
    }
    [[nodiscard]] Command shell(const std::string& script) const {
        return {.name = "work", .words = {"sh", "-c", script}, .folder = folder_};
    }

    Outcome run(const Command& command, const StoredPayload& payload = {{.json = "{}"}}) {
        Handlers handlers;
        add_command(handlers, command);
        return run(handlers, payload);
    }
    Outcome run(const Handlers& handlers, const StoredPayload& payload = {{.json = "{}"}}) {
        TaskContext task(
            {.id = 17, .version = 1, .attempt = 2, .delivery = 3, .tenant = tenant_, .meta = meta_},
            "shop",
            {.transaction = {},
             .is_cancelled = [this] { return is_stopping_ || is_lost_; },
             .is_lost = [this] { return is_lost_.load(); }});
        return handlers.run(0)(payload, task);
    }
    // What an endless command comes to, when something happens in its middle.
    Outcome run_until(const Command& command, const std::function<void()>& happens) {
        std::thread other([&] {
            EXPECT_TRUE(eventually(20s, [&] { return fs::exists(folder_ / "begun"); }));
            happens();
        });
        Outcome outcome = run(command);
        other.join();
        return outcome;
    }
    static std::string build_of(const Command& command) {
        Handlers handlers;
        add_command(handlers, command);
        return handlers.infos()[0].build;
    }
    static std::string refusal(const Command& command) {
        try {
            static_cast<void>(build_of(command));
        } catch (const Error& error) {
            return with_code(error.code(), error.what());
        }
        return "added";
    }

    fs::path folder_;
    std::optional<std::string> tenant_ = std::nullopt;
    std::optional<std::string> meta_ = std::nullopt;
    std::atomic<bool> is_stopping_{false};
    std::atomic<bool> is_lost_{false};
};

TEST_F(CommandTest, PayloadIsALineOfJsonOrBytes) {
    const Command command = shell("od -An -c; echo \"\\\"$BATON_CONTENT_TYPE\\\"\"");
    EXPECT_EQ(run(shell("wc -lc"), {{.json = R"({"a": 1})"}}).result, R"({"stdout": "1       9"})");
    EXPECT_EQ(run(command).result, R"("application/json")");
    const StoredPayload bytes{
        {.json = "{}", .body = std::string_view("\0\xff\n", 3), .content_type = "image/png"}};
    EXPECT_EQ(run(command, bytes).result, R"("image/png")");
    EXPECT_EQ(run(shell("wc -c"), bytes).result, "3");
}

TEST_F(CommandTest, VariablesAreThoseOfTheTaskAndThoseThatAreNamed) {
    ::setenv("COMMAND_TEST_SECRET", "s", 1);  // NOLINT(concurrency-mt-unsafe)
    ::setenv("COMMAND_TEST_NAMED", "n", 1);   // NOLINT(concurrency-mt-unsafe)
    ::setenv("BATON_TENANT", "another", 1);   // NOLINT(concurrency-mt-unsafe)
    Command command = shell("env | grep -E 'BATON|TEST|PATH' | grep -v GUARD | sort >out; pwd");
    command.variables = {"COMMAND_TEST_NAMED", "PATH", "BATON_TENANT"};
    tenant_ = "acme";
    meta_ = R"({"user": "u"})";
    EXPECT_EQ(run(command, {{.json = "{}"}, 4}).result,
              R"({"stdout": ")" + folder_.string() + R"("})");
    std::ifstream out(folder_ / "out");
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(out), {}),
              "BATON_ATTEMPT=2\nBATON_CONTENT_TYPE=application/json\nBATON_DELIVERY=3\n"
              "BATON_ENVIRONMENT=shop\nBATON_HANDLER=work\nBATON_HANDLER_VERSION=1\n"
              "BATON_IDEMPOTENCY_KEY=shop/task/17\nBATON_META={\"user\": \"u\"}\n"
              "BATON_SCHEMA_VERSION=4\nBATON_TASK_ID=17\nBATON_TENANT=acme\n"
              "COMMAND_TEST_NAMED=n\nPATH=" +
                  std::string(std::getenv("PATH")) + "\n");
    meta_ = std::string(200'000, 'x');
    const Outcome too_long = run(command);
    EXPECT_EQ(too_long.kind, Kind::dead);
    EXPECT_NE(too_long.reason.find("Argument list too long"), std::string::npos);
}

TEST_F(CommandTest, ResultIsWhatItSaysLast) {
    const auto result = [&](const std::string& script) {
        const Outcome outcome = run(shell(script));
        EXPECT_EQ(outcome.kind, Kind::done) << outcome.reason;
        return outcome.result;
    };
    EXPECT_EQ(result("true"), "{}");
    EXPECT_EQ(result("echo; echo ' '"), "{}");
    EXPECT_EQ(result("echo '{\n  \"a\": [\n 1]\n}\n'"), "{\n  \"a\": [\n 1]\n}");
    EXPECT_EQ(result("echo begin; echo '{\"a\": 1}'; echo"), R"({"a": 1})");
    EXPECT_EQ(result("echo '{\"a\": 1}'; echo end"), R"({"stdout": "{\"a\": 1}\nend"})");
    EXPECT_EQ(result("echo '{\"a\": NaN}'"), R"({"stdout": "{\"a\": NaN}"})");
    EXPECT_EQ(result("echo '\"\\u0000\"'"), R"({"stdout": "\"\\u0000\""})") << "jsonb has none";
    EXPECT_EQ(result("printf 'a\\000\\377'"), "{\"stdout\": \"a\xEF\xBF\xBD\xEF\xBF\xBD\"}");
    EXPECT_EQ(result("seq 1 2000000; echo '{\"a\": 1}'"), R"({"a": 1})");
    // A result that is longer than what is kept of it.
    EXPECT_EQ(result("printf '\"'; head -c 3000000 /dev/zero | tr '\\0' x; printf '\"'"),
              R"({"stdout": ")" + std::string(4095, 'x') + "\\\"\"}");
}

TEST_F(CommandTest, ExitCodeSaysWhatBecomesOfTheTask) {
    const Outcome failed =
        run(shell("echo no; printf 'broken\\000\\377\\nby itself\\n' >&2; exit 3"));
    EXPECT_EQ(failed.kind, Kind::retry);
    EXPECT_FALSE(failed.pause);
    EXPECT_EQ(failed.reason, std::string("exit code 3; stderr: broken\0\xff\nby itself", 39));
    EXPECT_EQ(run(shell("exit 1")).reason, "exit code 1");
    const Outcome much = run(shell("seq 1 1000000 >&2; exit 1"));
    EXPECT_TRUE(much.reason.starts_with("exit code 1; the end of stderr: ")) << much.reason;
    EXPECT_TRUE(much.reason.ends_with("\n999999\n1000000"));
    EXPECT_LT(much.reason.size(), 4200U);

    const Outcome dead = run(shell("echo 'no such customer' >&2; exit 65"));
    EXPECT_EQ(dead.kind, Kind::dead);
    EXPECT_EQ(dead.reason, "exit code 65; stderr: no such customer");

    const Outcome later = run(shell("echo 7 8; exit 75"));
    EXPECT_EQ(later.kind, Kind::later);
    EXPECT_EQ(later.pause, 60s);
    EXPECT_EQ(run(shell("echo busy; echo 300; exit 75")).pause, 300s);
    EXPECT_EQ(run(shell("echo -5; exit 75")).pause, 0s);
    EXPECT_EQ(run(shell("echo 999999999999; exit 75")).pause, 1'000'000'000s);

    const Outcome killed = run(shell("kill -SEGV $$"));
    EXPECT_EQ(killed.kind, Kind::retry);
    EXPECT_EQ(killed.reason, "ended by signal 11 (Segmentation fault)");
}

TEST_F(CommandTest, TimeIsLimited) {
    Command command = shell("trap '' TERM; echo waiting >&2; sleep 1000 & sleep 1000; wait");
    command.time_limit = 300ms;
    const Clock::time_point begun = Clock::now();
    const Outcome outcome = run(command);
    EXPECT_LT(Clock::now() - begun, 10s);
    EXPECT_EQ(outcome.kind, Kind::retry);
    EXPECT_EQ(outcome.reason, "it took longer than 300 ms; stderr: waiting");
    // Who ends in time after the signal has not done its work either.
    command.words.back() = "trap 'exit 0' TERM; sleep 1000 & wait";
    EXPECT_EQ(run(command).reason, "it took longer than 300 ms");
}

TEST_F(CommandTest, LostTaskIsKilledAtOnce) {
    const Outcome outcome =
        run_until(shell("trap '' TERM; touch begun; while :; do sleep 0.1; done"),
                  [this] { is_lost_ = true; });
    EXPECT_EQ(outcome.kind, Kind::later);
    EXPECT_EQ(outcome.pause, 0s);
}

TEST_F(CommandTest, NodeThatStopsLetsItGoOnForAWhile) {
    Command command = shell("touch begun; while [ ! -e end ]; do sleep 0.02; done; echo '\"end\"'");
    command.stop_patience = 60s;
    EXPECT_EQ(run_until(command,
                        [this] {
                            is_stopping_ = true;
                            write("end", "");
                        })
                  .result,
              R"("end")");

    fs::remove(folder_ / "begun");
    is_stopping_ = false;
    command = shell("trap 'touch told; exit 0' TERM; touch begun; sleep 1000 & wait");
    command.stop_patience = 400ms;
    const Outcome told = run_until(command, [this] { is_stopping_ = true; });
    EXPECT_TRUE(fs::exists(folder_ / "told"));
    EXPECT_EQ(told.kind, Kind::later);
    EXPECT_EQ(told.pause, 0s);
}

TEST_F(CommandTest, WhatHasChangedIsNotRun) {
    write_long_ago("work.sh", "echo '\"one\"'");
    Command command = shell("");
    command.words = {"sh", "work.sh"};
    command.files = {"work.sh"};
    Handlers handlers;
    add_command(handlers, command);
    EXPECT_EQ(run(handlers).result, R"("one")");
    // As many bytes, and the time of before.
    const auto time = fs::last_write_time(folder_ / "work.sh");
    write("work.sh", "echo '\"two\"'");
    fs::last_write_time(folder_ / "work.sh", time);
    const Outcome changed = run(handlers);
    EXPECT_EQ(changed.kind, Kind::later);
    EXPECT_EQ(changed.pause, 1s);
    is_stopping_ = true;  // so that the next looks do not wait
    fs::remove(folder_ / "work.sh");
    EXPECT_EQ(run(handlers).kind, Kind::later);
    is_stopping_ = false;
    // It is back: another file, with what the build was made of.
    write("work.sh", "echo '\"one\"'");
    EXPECT_EQ(run(handlers).result, R"("one")");
    write("work.sh", "echo '\"two\"'");  // within the same tick
    is_stopping_ = true;
    EXPECT_EQ(run(handlers).kind, Kind::later);
}

TEST_F(CommandTest, BuildIsThatOfWhatItIsMadeOf) {
    write("a.sh", "echo 1");
    write("b.sh", "echo 1");
    Command command{.name = "work", .words = {"sh", "a.sh"}, .folder = folder_, .files = {"a.sh"}};
    const std::string build = build_of(command);
    const auto changed = [&](auto change) {
        Command other = command;
        change(other);
        return build_of(other) != build;
    };
    EXPECT_FALSE(changed([](Command&) {}));
    EXPECT_FALSE(changed([](Command& c) {
        c.threads = 7;
        c.time_limit = 7s;
        c.variables = {"PATH"};
    }));
    EXPECT_TRUE(changed([](Command& c) { c.words = {"sh", "b.sh"}; }));
    EXPECT_TRUE(changed([](Command& c) { c.words = {"cat", "a.sh"}; }));
    EXPECT_TRUE(changed([](Command& c) { c.files = {"a.sh", "b.sh"}; }));
    EXPECT_TRUE(changed([](Command& c) { c.events = {"a/b"}; }));
    EXPECT_TRUE(changed([](Command& c) { c.version = 2; }));
    write("a.sh", "echo 2");
    EXPECT_NE(build_of(command), build);
    // Not where it lies.
    fs::create_directory(folder_ / "other");
    write("other/a.sh", "echo 1");
    command.folder = folder_ / "other";
    EXPECT_EQ(build_of(command), build);
}

TEST_F(CommandTest, WhatCannotBeRunIsRefusedWithAReason) {
    Command command = shell("true");
    command.words = {"no-such-program-as-this"};
    EXPECT_TRUE(refusal(command).starts_with(
        "handler \"work\" version 1: there is no program \"no-such-program-as-this\" in PATH, "
        "which is /"))
        << refusal(command);
    const std::string start = "handler \"work\" version 1: ";
    const std::string folder = folder_.string();
    command.words = {"./work"};
    EXPECT_EQ(refusal(command), start + "there is no program " + folder + "/work [BT016]");
    write("work", "#!/bin/sh");
    EXPECT_EQ(refusal(command),
              start + folder + "/work is no program that may be executed [BT016]");
    command = shell("true");
    command.files = {"none.py"};
    EXPECT_EQ(refusal(command),
              start + folder + "/none.py cannot be read: No such file or directory [BT016]");
    command.files = {"."};
    EXPECT_EQ(refusal(command), start + folder + "/ is a folder [BT016]");
    command.files = {};
    command.variables = {"NO_SUCH_VARIABLE"};
    EXPECT_EQ(refusal(command), start + "the variable \"NO_SUCH_VARIABLE\" is not set [BT016]");
    command.variables = {};
    command.folder = folder_ / "nowhere";
    EXPECT_EQ(refusal(command), start + "there is no folder " + folder + "/nowhere [BT016]");
    command.folder = folder_;
    command.threads = 0;
    EXPECT_EQ(refusal(command), start + "threads must be 1 to 256 [BT044]");
    command.threads = 1;
    command.words = {};
    EXPECT_EQ(refusal(command), start + "a command needs one word at least [BT016]");
}

}  // namespace
}  // namespace baton::testing
