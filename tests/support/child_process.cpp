#include "support/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace baton::testing {
namespace {

[[noreturn]] void fail(int error, const char* what) {
    throw std::system_error(error, std::generic_category(), what);
}

// A file without a name: the process writes it at its own pace, nobody has to drain a pipe.
int memory_file(const char* name) {
    const int file = ::memfd_create(name, MFD_CLOEXEC);
    if (file < 0) fail(errno, "memfd_create");
    return file;
}

std::string content(int file) {
    struct stat info {};
    if (::fstat(file, &info) != 0) fail(errno, "fstat");
    std::string text(static_cast<std::size_t>(info.st_size), '\0');
    const ssize_t length = ::pread(file, text.data(), text.size(), 0);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
    return text;
}

// A folder that is removed at the end of this process.
class UsersFolder {
public:
    UsersFolder() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "baton-user-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) fail(errno, "mkdtemp");
        path_ = pattern;
    }
    ~UsersFolder() {
        std::error_code error;
        std::filesystem::remove_all(path_, error);
    }
    UsersFolder(const UsersFolder&) = delete;
    UsersFolder& operator=(const UsersFolder&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

std::vector<std::string> variables_with(std::map<std::string, std::string> changes) {
    // One for all: tests on one machine share its tokens, and the developer's stay what they are.
    static const UsersFolder folder;
    changes.emplace("XDG_CONFIG_HOME", folder.path());
    changes.emplace("BATON_TOKEN_FILE", "");
    changes.emplace("BATON_MACHINE_ID_FILE", "");
    std::vector<std::string> variables;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string_view text(*variable);
        if (!changes.contains(std::string(text.substr(0, text.find('=')))))
            variables.emplace_back(text);
    }
    for (const auto& [name, value] : changes) {
        if (!value.empty()) variables.emplace_back(name).append("=").append(value);
    }
    return variables;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    result.reserve(texts.size() + 1);
    for (std::string& text : texts) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
}

}  // namespace

ChildProcess::ChildProcess(const ChildProcessOptions& options)
    : input_(memory_file("stdin")),
      output_(memory_file("stdout")),
      error_output_(memory_file("stderr")) {
    if (::write(input_, options.input.data(), options.input.size()) < 0) fail(errno, "write");
    ::lseek(input_, 0, SEEK_SET);

    std::vector<std::string> arguments{"setpriv", "--pdeathsig=KILL", "--"};
    arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
    std::vector<std::string> variables = variables_with(options.environment);

    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, input_, 0);
    posix_spawn_file_actions_adddup2(&files, output_, 1);
    posix_spawn_file_actions_adddup2(&files, error_output_, 2);
    if (!options.working_directory.empty()) {
        posix_spawn_file_actions_addchdir_np(&files, options.working_directory.c_str());
    }
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    const int error = posix_spawnp(&pid_, arguments[0].c_str(), &files, &attributes,
                                   pointers(arguments).data(), pointers(variables).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    if (error != 0) fail(error, "posix_spawnp");
}

ChildProcess::~ChildProcess() {
    if (!status_) {
        ::kill(-pid_, SIGKILL);
        while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
    for (const int file : {input_, output_, error_output_}) ::close(file);
}

void ChildProcess::kill(int signal) const {
    if (!status_) ::kill(pid_, signal);
}

std::optional<ExitStatus> ChildProcess::wait(std::chrono::milliseconds deadline) {
    if (status_) return status_;
    const auto handle = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    if (handle < 0) fail(errno, "pidfd_open");
    pollfd entry{.fd = handle, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(deadline.count()));
    ::close(handle);
    if (ready <= 0) return std::nullopt;

    int status = 0;
    if (::waitpid(pid_, &status, 0) != pid_) fail(errno, "waitpid");
    status_ = WIFEXITED(status) ? ExitStatus{.code = WEXITSTATUS(status), .signal = {}}
                                : ExitStatus{.code = {}, .signal = WTERMSIG(status)};
    return status_;
}

std::string ChildProcess::output() const { return content(output_); }
std::string ChildProcess::error_output() const { return content(error_output_); }

}  // namespace baton::testing
