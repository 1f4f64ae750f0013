#include "baton/base/guarded_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <system_error>
#include <utility>

namespace baton {
namespace {

constexpr auto shell = "/bin/sh";
// $1 is "BATON_GUARD=…". The group comes last, because the guard is of it. It looks again, for what
// was started meanwhile; not for long, because one process that cannot be read must not keep the
// group alive.
constexpr auto guard_script = R"(trap '' HUP INT QUIT USR1 USR2 PIPE ALRM TERM TSTP TTIN TTOU
read -r line
for round in 1 2 3; do
    found=$(timeout -s KILL 0.3 grep --line-buffered -lsaF -- "$1" /proc/[0-9]*/environ)
    [ "$found" ] || break
    for each in $found; do
        each=${each#/proc/}
        kill -KILL "${each%/environ}"
    done
done
kill -KILL 0)";

[[noreturn]] void fail(int error, const std::string& what) {
    throw std::system_error(error, std::generic_category(), what);
}

struct Pipe {
    Descriptor reading;
    Descriptor writing;
};

// Above 2, so that no end is where a child is to find another one: this process may have been
// started without stdin.
Descriptor lifted(int number) {
    constexpr int first = 3;
    Descriptor low(number);
    if (number >= first) return low;
    Descriptor high(::fcntl(number, F_DUPFD_CLOEXEC, first));
    if (!high.is_open()) fail(errno, "cannot make a pipe");
    return high;
}

Pipe make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail(errno, "cannot make a pipe");
    Descriptor writing(ends[1]);
    Descriptor reading = lifted(ends[0]);
    return {std::move(reading), lifted(writing.release())};
}

void stop_blocking(const Descriptor& end) {
    const int flags = ::fcntl(end.number(), F_GETFL);
    if (flags < 0 || ::fcntl(end.number(), F_SETFL, flags | O_NONBLOCK) != 0) {
        fail(errno, "cannot use a pipe");
    }
}

std::string random_hex() {
    std::array<unsigned char, 16> bytes{};
    if (::getentropy(bytes.data(), bytes.size()) != 0) fail(errno, "cannot get random bytes");
    std::string hex;
    for (const unsigned char byte : bytes) {
        hex += "0123456789abcdef"[byte >> 4U];
        hex += "0123456789abcdef"[byte & 0xFU];
    }
    return hex;
}

// What posix_spawn() is told: descriptors, folder, group and signals.
class Plan {
public:
    // `group` 0: a new one. `deaf`: the signals that ask a process to end are blocked.
    Plan(const std::string& folder, pid_t group, bool deaf) {
        check(posix_spawn_file_actions_init(&files_));
        check(posix_spawnattr_init(&attributes_));
        sigset_t blocked;
        sigset_t usual;
        sigemptyset(&blocked);
        sigfillset(&usual);
        if (deaf) {
            sigfillset(&blocked);
            sigdelset(&blocked, SIGCHLD);  // by which a shell knows of its own children
        }
        check(posix_spawnattr_setsigmask(&attributes_, &blocked));
        check(posix_spawnattr_setsigdefault(&attributes_, &usual));
        check(posix_spawnattr_setpgroup(&attributes_, group));
        check(posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
        check(posix_spawn_file_actions_addchdir_np(&files_, folder.c_str()));
    }
    ~Plan() {
        posix_spawn_file_actions_destroy(&files_);
        posix_spawnattr_destroy(&attributes_);
    }
    Plan(const Plan&) = delete;
    Plan& operator=(const Plan&) = delete;

    void give(const Descriptor& end, int as) {
        check(posix_spawn_file_actions_adddup2(&files_, end.number(), as));
    }
    void give_nothing(int as) {
        check(posix_spawn_file_actions_addopen(&files_, as, "/dev/null", O_WRONLY, 0));
    }

    pid_t spawn(const std::string& program, std::vector<std::string> arguments,
                std::vector<std::string> variables) {
        check(posix_spawn_file_actions_addclosefrom_np(&files_, 3));
        pid_t pid = 0;
        const int error = posix_spawn(&pid, program.c_str(), &files_, &attributes_,
                                      pointers(arguments).data(), pointers(variables).data());
        if (error != 0) fail(error, "cannot start " + program);
        return pid;
    }

private:
    static void check(int error) {
        if (error != 0) fail(error, "cannot start a process");
    }
    static std::vector<char*> pointers(std::vector<std::string>& texts) {
        std::vector<char*> result;
        result.reserve(texts.size() + 1);
        for (std::string& text : texts) result.push_back(text.data());
        result.push_back(nullptr);
        return result;
    }

    posix_spawn_file_actions_t files_{};
    posix_spawnattr_t attributes_{};
};

pid_t start_guard(const Descriptor& lifeline, const std::string& mark) {
    Plan plan("/", 0, true);
    plan.give(lifeline, STDIN_FILENO);
    plan.give_nothing(STDOUT_FILENO);
    plan.give_nothing(STDERR_FILENO);
    return plan.spawn(shell, {shell, "-c", guard_script, "baton-guard", mark},
                      {"PATH=/usr/bin:/bin", "LC_ALL=C"});
}

bool waits_until_readable(const Descriptor& end, std::chrono::milliseconds patience) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point deadline = Clock::now() + patience;
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        pollfd entry{.fd = end.number(), .events = POLLIN, .revents = 0};
        const int ready =
            ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
        if (ready > 0) return true;
        if (ready == 0 || errno != EINTR) return false;
    }
}

// (The header of Debian 12's library declares its function for C alone.)
Descriptor handle_of(pid_t pid) noexcept {
    return Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

// Waits for its end. Nothing is known of it where this process ignores SIGCHLD.
int reap(pid_t pid) noexcept {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) return 0;
    }
    return status;
}

}  // namespace

GuardedProcess::GuardedProcess(const ProcessOptions& options) {
    const std::string mark = "BATON_GUARD=" + random_hex();
    Pipe lifeline = make_pipe();
    Pipe input = make_pipe();
    Pipe output = make_pipe();
    Pipe error_output = make_pipe();
    for (const Descriptor* const end : {&input.writing, &output.reading, &error_output.reading}) {
        stop_blocking(*end);
    }
    guard_ = start_guard(lifeline.reading, mark);
    lifeline_ = std::move(lifeline.writing);
    try {
        Plan plan(options.folder.string(), guard_, false);
        plan.give(input.reading, STDIN_FILENO);
        plan.give(output.writing, STDOUT_FILENO);
        plan.give(error_output.writing, STDERR_FILENO);
        std::vector<std::string> variables = options.variables;
        variables.push_back(mark);
        pid_ = plan.spawn(options.program.string(), options.arguments, std::move(variables));
        ending_ = handle_of(pid_);
        if (!ending_.is_open()) fail(errno, "cannot watch a process");
    } catch (...) {
        end_group();
        if (pid_ != 0) reap(pid_);
        throw;
    }
    input_ = std::move(input.writing);
    output_ = std::move(output.reading);
    error_output_ = std::move(error_output.reading);
}

GuardedProcess::~GuardedProcess() {
    kill();
    if (!end_) reap(pid_);
}

void GuardedProcess::signal(int number) const noexcept {
    if (guard_ > 0) ::kill(-guard_, number);
}

std::optional<ProcessEnd> GuardedProcess::wait(std::chrono::milliseconds patience) {
    if (end_ || !waits_until_readable(ending_, patience)) return end_;
    const int status = reap(pid_);
    end_ = WIFSIGNALED(status) ? ProcessEnd{.signal = WTERMSIG(status)}
                               : ProcessEnd{.code = WEXITSTATUS(status)};
    return end_;
}

void GuardedProcess::end_group() noexcept {
    signal(SIGKILL);
    reap_guard();
}

void GuardedProcess::kill() noexcept {
    if (guard_ <= 0) return;
    lifeline_.close();
    const Descriptor guard = handle_of(guard_);
    constexpr std::chrono::seconds patience{2};
    if (guard.is_open()) waits_until_readable(guard, patience);
    end_group();
}

void GuardedProcess::reap_guard() noexcept {
    if (guard_ > 0) reap(guard_);
    guard_ = -1;
}

}  // namespace baton
