#include "baton/postgres/private_postgres.hpp"

#include <libpq-fe.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <optional>
#include <string_view>

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"
#include "places.hpp"
#include "process.hpp"

namespace baton::postgres {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds probe_interval{10};
constexpr std::size_t socket_path_length_max = 100;  // the system allows 107

// What a log says of a failure: its last line of that severity (a HINT may follow), else its last.
std::string last_words(const fs::path& log) {
    std::ifstream stream(log);
    std::string last;
    std::string severe;
    for (std::string line; std::getline(stream, line);) {
        if (line.empty()) continue;
        last = line;
        for (const char* const severity : {"FATAL: ", "PANIC: ", "error: "}) {
            const std::size_t at = line.find(severity);
            if (at != std::string::npos) severe = line.substr(at);
        }
    }
    if (!severe.empty()) return storable_text(severe);
    return last.empty() ? "its log is empty" : storable_text(last);
}

int signal_of(StopMode mode) {
    switch (mode) {
        case StopMode::smart:
            return SIGTERM;
        case StopMode::fast:
            return SIGINT;
        case StopMode::immediate:
            return SIGQUIT;
    }
    return SIGINT;
}

}  // namespace

struct PrivatePostgres::Server {
    PrivatePostgresOptions options;
    fs::path bin;
    Account account;
    Folder home;
    // Where the kept folder's path is too long for a socket.
    std::optional<Folder> socket_home;
    fs::path socket;
    std::unique_ptr<Process> process;

    explicit Server(const PrivatePostgresOptions& chosen)
        : options(chosen),
          bin(find_programs(Places::of_this_machine())),
          account(Account::of_server()),
          home(options.directory, account) {
        account.check_can_enter(bin);
        socket = home.path() / "socket";
        if ((socket / ".s.PGSQL.5432").native().size() >= socket_path_length_max) {
            socket_home.emplace(fs::path(), account);
            socket = socket_home->path() / "socket";
        }
        make_folder(socket);
        if (!fs::exists(home.path() / "data")) initialize();
    }

    void make_folder(const fs::path& folder) const {
        std::error_code error;
        fs::create_directory(folder, error);
        if (error || ::chmod(folder.c_str(), S_IRWXU) != 0 ||
            (account.uid != ::geteuid() &&
             ::chown(folder.c_str(), account.uid, account.gid) != 0)) {
            throw Error(ErrorCode::usage,
                        "the folder " + json_quoted(folder.string()) + " cannot be made");
        }
    }

    [[nodiscard]] Command command(const char* program,
                                  const std::vector<std::string>& arguments) const {
        std::vector<std::string> words = account.prefix();
        words.push_back((bin / program).string());
        words.insert(words.end(), arguments.begin(), arguments.end());
        return {words, home.path() / (std::string(program) + ".log"), home.lock()};
    }

    // Into another folder first, so that a `data` is always a whole one.
    void initialize() const {
        const fs::path unfinished = home.path() / "data.unfinished";
        fs::remove_all(unfinished);
        std::vector<std::string> arguments{"--pgdata=" + unfinished.string(),
                                           "--username=baton",
                                           "--encoding=UTF8",
                                           "--locale=C",
                                           "--data-checksums",
                                           "--auth-local=trust",
                                           "--auth-host=reject",
                                           "--no-instructions"};
        if (options.directory.empty()) arguments.emplace_back("--no-sync");
        const Command initdb = command("initdb", arguments);
        Process run(initdb);
        if (!run.ended_within(options.start_timeout)) {
            throw Error(ErrorCode::postgres_missing,
                        "initdb did not end in time: " + last_words(initdb.log));
        }
        if (!run.succeeded()) {
            throw Error(ErrorCode::postgres_missing, "initdb failed: " + last_words(initdb.log));
        }
        int version = 0;
        std::ifstream(unfinished / "PG_VERSION") >> version;
        if (version < version_min) {
            throw Error(ErrorCode::postgres_missing, "the PostgreSQL in " + bin.string() +
                                                         " is older than 15; install a newer one");
        }
        fs::rename(unfinished, home.path() / "data");
    }

    [[nodiscard]] std::string url(const std::string& database) const {
        return "postgresql:///" + percent_encoded(database) +
               "?host=" + percent_encoded(socket.string(), "/") + "&port=5432&user=baton";
    }

    [[nodiscard]] bool is_running() const {
        return process != nullptr && !process->ended_within(std::chrono::milliseconds(0));
    }

    void start() {
        if (is_running()) throw Error(ErrorCode::usage, "the private Postgres is already running");
        std::vector<std::string> arguments{"-D", (home.path() / "data").string(),
                                           "-c", "listen_addresses=",
                                           "-c", "port=5432",
                                           "-c", "unix_socket_directories=" + socket.string(),
                                           "-c", "unix_socket_permissions=0700"};
        for (const std::string& setting : options.settings) {
            arguments.emplace_back("-c");
            arguments.push_back(setting);
        }
        const Command postgres = command("postgres", arguments);
        const auto deadline = std::chrono::steady_clock::now() + options.start_timeout;
        process = std::make_unique<Process>(postgres);
        while (!is_ready(postgres.log, deadline)) {
            stop(StopMode::immediate);
            process = std::make_unique<Process>(postgres);
        }
    }

    // Waits until connections are accepted. False when the start has to be tried again: Postgres
    // does not start beside sessions of a server that was killed.
    bool is_ready(const fs::path& log, std::chrono::steady_clock::time_point deadline) {
        const std::string probe = url("postgres") + "&connect_timeout=2";
        while (PQping(probe.c_str()) != PQPING_OK) {
            const bool is_late = std::chrono::steady_clock::now() >= deadline;
            if (process->ended_within(probe_interval)) {
                const std::string words = last_words(log);
                if (!is_late && words.find("pre-existing shared memory") != std::string::npos)
                    return false;
                throw Error(ErrorCode::postgres_missing,
                            "the private Postgres did not start: " + words);
            }
            if (!is_late) continue;
            stop(StopMode::immediate);
            throw Error(ErrorCode::postgres_missing,
                        "the private Postgres was not ready in time: " + last_words(log));
        }
        return true;
    }

    void stop(StopMode mode) {
        if (process == nullptr) return;
        process->signal(signal_of(mode));
        if (!process->ended_within(options.stop_timeout)) {
            process->signal(SIGQUIT);
            constexpr std::chrono::seconds crash_timeout{5};
            static_cast<void>(process->ended_within(crash_timeout));
        }
        process.reset();  // kills what is left
        kill_orphans(bin / "postgres", home.path() / "data");
    }
};

PrivatePostgres::PrivatePostgres(const PrivatePostgresOptions& options)
    : server_(std::make_unique<Server>(options)) {
    server_->start();
}

PrivatePostgres::~PrivatePostgres() { server_->stop(StopMode::fast); }

std::string PrivatePostgres::url(const std::string& database) const {
    return server_->url(database);
}
fs::path PrivatePostgres::bin_dir() const { return server_->bin; }
fs::path PrivatePostgres::directory() const { return server_->home.path(); }
pid_t PrivatePostgres::pid() const { return server_->is_running() ? server_->process->pid() : 0; }
void PrivatePostgres::stop(StopMode mode) { server_->stop(mode); }
void PrivatePostgres::start() { server_->start(); }

}  // namespace baton::postgres
