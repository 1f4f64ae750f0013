// Programs that read nothing, write too much, do not end, or leave others behind.
#include "baton/base/run_process.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <thread>

namespace baton::testing {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

ProcessRun shell(const std::string& script) {
    return {.process = {.program = "/bin/sh",
                        .arguments = {"sh", "-c", script},
                        .variables = {"PATH=/usr/bin:/bin"}}};
}

ProcessRun fed(const std::string& script, const std::string& input) {
    ProcessRun run = shell(script);
    run.input = input;
    return run;
}

TEST(RunProcessTest, InputGoesInAndOutputComesOutHoweverLong) {
    std::string input;
    for (int i = 0; i < 1'000'000; ++i) input += std::to_string(i) + "\n";
    ProcessRun run = fed("tee /dev/stderr", input);
    run.output_max = 10'000'000;
    const ProcessOutcome whole = run_process(run);
    EXPECT_EQ(whole.end.code, 0);
    EXPECT_EQ(whole.output.bytes, input);
    EXPECT_FALSE(whole.output.is_cut);
    EXPECT_EQ(whole.error_output.bytes, input.substr(input.size() - 4096));
    EXPECT_TRUE(whole.error_output.is_cut);

    run.output_max = 5;
    EXPECT_EQ(run_process(run).output.bytes, "9999\n");
}

TEST(RunProcessTest, WhoeverDoesNotReadIsNotWaitedFor) {
    const std::string input(5'000'000, 'x');
    // Where it is not ignored SIGPIPE would end this process.
    const auto former = std::signal(SIGPIPE, SIG_DFL);
    EXPECT_EQ(run_process(fed("exit 3", input)).end.code, 3);
    const ProcessOutcome closed = run_process(fed("exec <&-; sleep 0.2; echo done", input));
    EXPECT_EQ(closed.end.code, 0);
    EXPECT_EQ(closed.output.bytes, "done\n");
    EXPECT_EQ(run_process(fed("exec <&- >&- 2>&-; sleep 0.2; exit 4", input)).end.code, 4);
    std::signal(SIGPIPE, former);
}

TEST(RunProcessTest, EndIsTold) {
    EXPECT_EQ(run_process(shell("exit 255")).end.code, 255);
    const ProcessOutcome killed = run_process(shell("kill -SEGV $$"));
    EXPECT_EQ(killed.end.signal, SIGSEGV);
    EXPECT_FALSE(killed.end.code);
    const ProcessOutcome bytes = run_process(shell("printf '\\000\\377\\n\\000'"));
    EXPECT_EQ(bytes.output.bytes, std::string("\0\xff\n\0", 4));
}

TEST(RunProcessTest, WhoeverHoldsItsOutputIsEndedWithIt) {
    const Clock::time_point begun = Clock::now();
    const ProcessOutcome outcome = run_process(shell("sleep 1000 & yes >&2 & echo hello"));
    EXPECT_EQ(outcome.end.code, 0);
    EXPECT_EQ(outcome.output.bytes, "hello\n");
    EXPECT_LT(Clock::now() - begun, 10s);
}

TEST(RunProcessTest, WhatTakesTooLongIsToldAndThenKilled) {
    ProcessRun run = shell("echo begun; trap 'echo told; exit 9' TERM; sleep 1000 & wait");
    run.time_limit = 300ms;
    const ProcessOutcome told = run_process(run);
    EXPECT_TRUE(told.is_late);
    EXPECT_EQ(told.end.code, 9);
    EXPECT_EQ(told.output.bytes, "begun\ntold\n");

    run.process.arguments[2] = "trap '' TERM; while :; do sleep 0.1; done";
    run.patience = 200ms;
    const Clock::time_point begun = Clock::now();
    const ProcessOutcome killed = run_process(run);
    EXPECT_TRUE(killed.is_late);
    EXPECT_EQ(killed.end.signal, SIGKILL);
    EXPECT_LT(Clock::now() - begun, 10s);

    // Though it writes for ever.
    run.process.arguments[2] = "trap '' TERM; yes";
    EXPECT_EQ(run_process(run).end.signal, SIGKILL);
}

TEST(RunProcessTest, OthersEndItAtAnyTime) {
    for (const Wish wish : {Wish::end, Wish::die}) {
        std::atomic<Wish> wanted{Wish::go_on};
        std::atomic<bool> was_asked{false};
        ProcessRun run = shell("sleep 1000");
        run.wish = [&] {
            was_asked = true;
            return wanted.load();
        };
        std::thread other([&] {
            while (!was_asked) std::this_thread::yield();
            wanted = wish;
        });
        const ProcessOutcome outcome = run_process(run);
        other.join();
        EXPECT_EQ(outcome.wish, wish);
        EXPECT_EQ(outcome.end.signal, wish == Wish::end ? SIGTERM : SIGKILL);
        EXPECT_FALSE(outcome.is_late);
    }
}

TEST(RunProcessTest, SeveralThreadsRunSeveral) {
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([thread] {
            for (int i = 0; i < 10; ++i) {
                const std::string input = std::to_string(thread) + "/" + std::to_string(i);
                EXPECT_EQ(run_process(fed("cat", input)).output.bytes, input);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace baton::testing
