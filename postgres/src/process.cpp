#include "process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <string_view>
#include <system_error>

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"

namespace baton::postgres {
namespace {

// The caller's variables, but messages in English: last words are looked for in the log.
std::vector<char*> environment_in_english() {
    static char locale[] = "LC_ALL=C";
    std::vector<char*> variables;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        if (!std::string_view(*variable).starts_with("LC_ALL=")) variables.push_back(*variable);
    }
    variables.push_back(locale);
    variables.push_back(nullptr);
    return variables;
}

// posix_spawn and not fork: the process may have threads, and their locks would stay locked.
int spawn(const Command& command, pid_t& pid) {
    std::vector<char*> arguments;
    for (const std::string& argument : command.arguments) {
        arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    std::vector<char*> environment = environment_in_english();

    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, command.log.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, S_IRUSR | S_IWUSR);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    // Onto itself: that only clears the close-on-exec flag, in the child.
    if (command.open_file >= 0) {
        posix_spawn_file_actions_adddup2(&files, command.open_file, command.open_file);
    }
    posix_spawn_file_actions_addchdir_np(&files, "/");

    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

    const int error =
        posix_spawn(&pid, arguments[0], &files, &attributes, arguments.data(), environment.data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return error;
}

}  // namespace

Process::Process(const Command& command) : keeper_([this, &command] { keep(command); }) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return started_; });
    if (start_error_ == 0) return;
    lock.unlock();
    keeper_.join();
    throw Error(ErrorCode::postgres_missing,
                json_quoted(command.arguments[0]) +
                    " cannot be started: " + std::generic_category().message(start_error_));
}

Process::~Process() {
    signal(SIGKILL);
    keeper_.join();
}

// The life of the keeper thread. Because the kernel's parent-death signal comes when the starting
// thread ends, this thread starts the process and stays until the process has ended.
void Process::keep(const Command& command) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);  // the signals of our process are others' business

    pid_t pid = 0;
    const int error = spawn(command, pid);
    {
        const std::lock_guard lock(mutex_);
        pid_ = pid;
        start_error_ = error;
        started_ = true;
    }
    changed_.notify_all();
    if (error != 0) return;

    // Wait without reaping first: until the id is reaped under the mutex, signal() cannot hit
    // another process that was given the same id.
    siginfo_t info;
    while (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
    }
    {
        const std::lock_guard lock(mutex_);
        if (waitpid(pid, &status_, 0) != pid) status_ = -1;
        ended_ = true;
    }
    changed_.notify_all();
}

void Process::signal(int number) {
    const std::lock_guard lock(mutex_);
    if (!ended_) ::kill(pid_, number);
}

bool Process::ended_within(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, timeout, [this] { return ended_; });
}

bool Process::succeeded() {
    const std::lock_guard lock(mutex_);
    return ended_ && WIFEXITED(status_) && WEXITSTATUS(status_) == 0;
}

void kill_orphans(const std::filesystem::path& program, const std::filesystem::path& folder) {
    namespace fs = std::filesystem;
    std::error_code error;
    const fs::path executable = fs::canonical(program, error);
    fs::directory_iterator entry("/proc", error);
    for (; entry != fs::directory_iterator(); entry.increment(error)) {
        const fs::path process = entry->path();
        const std::string name = process.filename().string();
        pid_t pid = 0;
        std::from_chars(name.data(), name.data() + name.size(), pid);
        if (pid <= 0 || fs::read_symlink(process / "exe", error) != executable) continue;
        if (fs::read_symlink(process / "cwd", error) == folder) ::kill(pid, SIGKILL);
    }
}

}  // namespace baton::postgres
