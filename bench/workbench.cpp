#include "workbench.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>
#include <thread>
#include <utility>

#include "baton/base/error.hpp"
#include "baton/sql/connection.hpp"
#include "baton/sql/migrator.hpp"

namespace baton::bench {
namespace {

// Durable, as in production. Background work that comes by the clock (autovacuum, checkpoints) is
// put off, because it would hit one side of a comparison and not the other.
postgres::PrivatePostgresOptions server_options() {
    postgres::PrivatePostgresOptions options;
    options.settings = {
        "shared_buffers=2GB",    "fsync=on",       "synchronous_commit=on", "max_wal_size=24GB",
        "checkpoint_timeout=1h", "autovacuum=off", "max_connections=450",   "wal_buffers=64MB"};
    return options;
}

std::string content_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

// The fields of /proc/PID/stat after the program's name, which may hold spaces.
struct ProcessTimes {
    pid_t parent = 0;
    double own = 0;
    double of_reaped_children = 0;
};

ProcessTimes times_of(const std::string& pid) {
    const std::string stat = content_of("/proc/" + pid + "/stat");
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos) return {};
    std::istringstream fields(stat.substr(name_end + 2));
    std::array<std::string, 15> field;
    for (std::string& text : field) fields >> text;
    const auto seconds = [](const std::string& ticks) {
        return std::stod(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
    };
    return {static_cast<pid_t>(std::stol(field[1])), seconds(field[11]) + seconds(field[12]),
            seconds(field[13]) + seconds(field[14])};
}

}  // namespace

Workbench::Workbench(const Effort& effort, Report report)
    : effort_(effort), report_(std::move(report)), server_(server_options()) {}

double Workbench::cpu_seconds() const {
    // A process that ends during the count moves from its own line into the postmaster's: then it
    // is counted again.
    for (;;) {
        const double reaped_before = times_of(std::to_string(server_.pid())).of_reaped_children;
        double total = 0;
        for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
            const std::string name = entry.path().filename();
            if (name.find_first_not_of("0123456789") != std::string::npos) continue;
            const ProcessTimes times = times_of(name);
            if (times.parent == server_.pid()) total += times.own;
        }
        const ProcessTimes postmaster = times_of(std::to_string(server_.pid()));
        if (postmaster.of_reaped_children == reaped_before) {
            return total + postmaster.own + postmaster.of_reaped_children;
        }
    }
}

Database::Database(Workbench& workbench, std::string name)
    : workbench_(workbench), name_(std::move(name)) {
    Session admin(workbench_.server().url());
    admin.exec("create database " + name_);
    admin.exec("alter database " + name_ + " set search_path = " + schema + ", public");
    {
        sql::Connection connection(workbench_.server().url(name_));
        sql::Migrator().install(connection, schema);
    }
    Session(url()).exec("select describe_environment('bench', 'development')");
    Session(url()).exec(content_of(BATON_BENCH_DIR "/bare.sql"));
}

Database::~Database() {
    try {
        Session(workbench_.server().url()).exec("drop database " + name_ + " with (force)");
    } catch (const Error&) {
        // The whole server is thrown away at the end.
    }
}

std::string Database::url() const { return workbench_.server().url(name_); }

OrchestratorProcess::OrchestratorProcess(const Database& database, Reducing reducing) {
    std::array<std::string, 7> arguments{"setpriv",
                                         "--pdeathsig=KILL",
                                         "--",
                                         std::filesystem::read_symlink("/proc/self/exe"),
                                         "--orchestrate",
                                         database.url(),
                                         std::to_string(static_cast<int>(reducing))};
    std::array<char*, 8> pointers{};
    for (std::size_t i = 0; i < arguments.size(); ++i) pointers[i] = arguments[i].data();
    const int error = ::posix_spawnp(&pid_, "setpriv", nullptr, nullptr, pointers.data(), environ);
    if (error != 0) throw std::system_error(error, std::generic_category(), "setpriv");
}

OrchestratorProcess::~OrchestratorProcess() {
    ::kill(pid_, SIGTERM);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

double OrchestratorProcess::peak_megabytes() const {
    std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
    std::string word;
    double kilobytes = 0;
    while (status >> word) {
        if (word == "VmHWM:") status >> kilobytes;
    }
    return kilobytes / 1024;
}

double OrchestratorProcess::cpu_seconds() const { return times_of(std::to_string(pid_)).own; }

void wait_for_position(Session& session, std::int64_t position) {
    const Clock::time_point start = Clock::now();
    const std::string position_now =
        "select first_position + count - 1 from batch order by first_position desc limit 1";
    for (;;) {
        const Answer answer = session.exec(position_now);
        if (answer.rows() > 0 && answer.integer(0, 0) >= position) return;
        if (seconds_since(start) > 600) {
            throw Error(ErrorCode::wait_timeout, "the log did not reach position " +
                                                     std::to_string(position) + " in ten minutes");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

void wait_until_following(Session& session) {
    const Clock::time_point start = Clock::now();
    const std::string awake =
        "select from view_state where state = 'following' and pg_sequence_last_value('doorbell') "
        "is not null";
    while (session.exec(awake).rows() == 0) {
        if (seconds_since(start) > 60) {
            throw Error(ErrorCode::wait_timeout, "no orchestrator leads after a minute");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

}  // namespace baton::bench
