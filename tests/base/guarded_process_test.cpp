// A child process in its group, with what it is given, and its end with that of whoever started it.
#include "baton/base/guarded_process.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "support/child_process.hpp"
#include "support/eventually.hpp"
#include "support/processes.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

std::string with_sleep(std::string script, const std::string& sleep) {
    for (std::size_t at = 0; (at = script.find("SLEEP", at)) != std::string::npos;) {
        script.replace(at, 5, "sleep " + sleep);
    }
    return script;
}

ProcessOptions shell(const std::string& script) {
    return {.program = "/bin/sh",
            .arguments = {"sh", "-c", script},
            .variables = {"PATH=/usr/bin:/bin"}};
}

std::string all_of(GuardedProcess& process) {
    std::string text;
    const auto read = [&] {
        char bytes[4096];
        for (ssize_t length = 0;
             (length = ::read(process.output().number(), bytes, sizeof bytes)) > 0;) {
            text.append(bytes, static_cast<std::size_t>(length));
        }
    };
    EXPECT_TRUE(eventually(20s, [&] {
        read();
        return process.wait(0ms).has_value();
    }));
    read();
    return text;
}

std::ptrdiff_t open_descriptors() {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
}

bool has_no_child() { return ::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD; }

struct Family {
    std::string name;
    std::string script;  // says something once all are there
    int members;
};

class KilledParentTest : public ::testing::TestWithParam<Family> {};

TEST_P(KilledParentTest, LeavesNobodyAliveAfterASecond) {
    const std::string sleep = own_sleep();
    ChildProcess parent({.arguments = {BATON_GUARD_PROGRAM, "/bin/sh", "-c",
                                       with_sleep(GetParam().script, sleep)}});
    ASSERT_TRUE(eventually(20s,
                           [&] {
                               return parent.output() == "started\n" &&
                                      processes_with(sleep) == GetParam().members;
                           }))
        << parent.error_output() << processes_with(sleep);
    parent.kill(SIGKILL);
    EXPECT_TRUE(parent.wait(10s));
    EXPECT_TRUE(eventually(1s, [&] { return processes_with(sleep) == 0; }))
        << processes_with(sleep) << " are left";
}

INSTANTIATE_TEST_SUITE_P(
    Families, KilledParentTest,
    ::testing::Values(Family{"child", "echo; exec SLEEP", 1},
                      Family{"deaf", "trap '' TERM INT HUP; echo; SLEEP; SLEEP", 1},
                      Family{"grandchildren", "SLEEP & SLEEP & (SLEEP & wait) & echo; wait", 3},
                      Family{"double_fork", "((SLEEP &) &); echo; exec SLEEP", 2},
                      Family{"without_variables", "env -i SLEEP & echo; exec SLEEP", 2},
                      Family{"session", "setsid SLEEP & echo; exec SLEEP", 2},
                      Family{"daemon", "(setsid sh -c '(SLEEP &)' &); echo; exec SLEEP", 2},
                      Family{"stopped", "SLEEP & sleep 0.1; kill -STOP $!; echo; exec SLEEP", 2}),
    [](const auto& family) { return family.param.name; });

TEST(GuardedProcessTest, HasWhatItIsGivenAndNothingElse) {
    const int inheritable = ::open("/dev/null", O_RDONLY);  // NOLINT: without O_CLOEXEC
    const auto former = std::signal(SIGPIPE, SIG_IGN);
    sigset_t term;
    sigset_t former_mask;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &term, &former_mask);
    {
        GuardedProcess process({.program = "/bin/sh",
                                .arguments = {"name", "-c", "echo $0; pwd; ls /proc/self/fd"},
                                .variables = {"PATH=/usr/bin:/bin"},
                                .folder = "/usr"});
        EXPECT_EQ(all_of(process), "name\n/usr\n0\n1\n2\n3\n") << "3 is that of ls";
        for (const int signal : {SIGPIPE, SIGTERM}) {
            GuardedProcess ended(shell("kill -" + std::to_string(signal) + " $$"));
            const auto end = ended.wait(10s);
            ASSERT_TRUE(end);
            EXPECT_EQ(end->signal, signal);
        }
        GuardedProcess variables(
            {.program = "/usr/bin/env", .arguments = {"env"}, .variables = {"A=b c", "TEXT=\xff"}});
        const std::string text = all_of(variables);
        EXPECT_TRUE(text.starts_with("A=b c\nTEXT=\xff\nBATON_GUARD=")) << text;
        EXPECT_EQ(std::ranges::count(text, '\n'), 3);
    }
    pthread_sigmask(SIG_SETMASK, &former_mask, nullptr);
    std::signal(SIGPIPE, former);
    ::close(inheritable);
}

TEST(GuardedProcessTest, LeavesNoDescriptorAndNoProcess) {
    const auto before = open_descriptors();
    for (int i = 0; i < 20; ++i) {
        const GuardedProcess process(shell("sleep 1000"));
        EXPECT_THROW(GuardedProcess({.program = "/nowhere/at/all", .arguments = {"x"}}),
                     std::system_error);
    }
    EXPECT_EQ(open_descriptors(), before);
    EXPECT_TRUE(has_no_child());
}

TEST(GuardedProcessTest, RefusalSaysWhy) {
    const auto refusal = [](const ProcessOptions& options) -> std::string {
        try {
            const GuardedProcess process(options);
        } catch (const std::system_error& error) {
            return error.what();
        }
        return "started";
    };
    EXPECT_EQ(refusal({.program = "/nowhere/at/all", .arguments = {"x"}}),
              "cannot start /nowhere/at/all: No such file or directory");
    EXPECT_EQ(refusal({.program = "/etc/passwd", .arguments = {"x"}}),
              "cannot start /etc/passwd: Permission denied");
    EXPECT_EQ(refusal({.program = "/bin/true", .arguments = {std::string(200'000, 'x')}}),
              "cannot start /bin/true: Argument list too long");
}

char state_of(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(file, line);
    const std::size_t name_end = line.rfind(')');
    return name_end == std::string::npos ? '-' : line[name_end + 2];
}

TEST(GuardedProcessTest, SignalEndsTheGroupButNotItsGuard) {
    for (int i = 0; i < 20; ++i) {
        GuardedProcess process(shell("sleep 1000"));
        const pid_t guard = ::getpgid(process.pid());
        process.signal(SIGTERM);  // when the guard has only just begun
        const auto end = process.wait(10s);
        ASSERT_TRUE(end);
        EXPECT_EQ(end->signal, SIGTERM);
        EXPECT_NE(state_of(guard), 'Z');
    }
    const std::string sleep = own_sleep();
    GuardedProcess process(
        shell(with_sleep("setsid sh -c 'trap \"\" TERM; SLEEP; SLEEP' & wait", sleep)));
    ASSERT_TRUE(eventually(20s, [&] { return processes_with(sleep) == 1; }));
    process.signal(SIGTERM);
    ASSERT_TRUE(process.wait(10s));
    process.kill();
    EXPECT_TRUE(eventually(1s, [&] { return processes_with(sleep) == 0; }));
}

TEST(GuardedProcessTest, EndOfAGroupSparesWhatHasLeftIt) {
    const std::string sleep = own_sleep();
    // (One is counted once it has left: before, its words are another's.)
    GuardedProcess process(
        shell(with_sleep("setsid sh -c 'exec SLEEP' & SLEEP & SLEEP & echo", sleep)));
    ASSERT_TRUE(eventually(20s, [&] { return processes_with(sleep) == 3; }));
    const auto end = process.wait(10s);
    ASSERT_TRUE(end);
    EXPECT_EQ(end->code, 0);
    process.end_group();
    EXPECT_TRUE(eventually(1s, [&] { return processes_with(sleep) == 1; }));
    ChildProcess killer({.arguments = {"pkill", "-KILL", "-f", "^sleep " + sleep}});
    EXPECT_TRUE(killer.wait(10s));
}

}  // namespace
}  // namespace baton::testing
