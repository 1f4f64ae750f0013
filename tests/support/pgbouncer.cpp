#include "support/pgbouncer.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "support/eventually.hpp"
#include "support/unix_url.hpp"

namespace baton::testing {
namespace {

constexpr const char* program = "/usr/sbin/pgbouncer";

// Started by root, it runs as whoever the server runs as, and for the same reason.
const passwd* unprivileged_user() {
    if (::geteuid() != 0) return nullptr;
    const passwd* user = ::getpwnam("postgres");
    if (user == nullptr) user = ::getpwnam("nobody");
    if (user == nullptr) throw std::runtime_error("no unprivileged user for pgbouncer");
    return user;
}

// The file is there a moment before it can be connected to.
bool accepts(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) throw std::runtime_error(path + " is too long");
    path.copy(address.sun_path, path.size());
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool is_connected =
        ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(socket);
    return is_connected;
}

std::string settings(const UnixUrl& server, const std::string& folder) {
    return "[databases]\n* = host=" + server.host + " port=" + server.port +
           "\n[pgbouncer]\npool_mode = transaction\ndefault_pool_size = 3\nmax_client_conn = "
           "200\nlisten_addr =\nlisten_port = 6432\nunix_socket_dir = " +
           folder + "\nauth_type = trust\nauth_file = " + folder +
           "/users\nlog_connections = 0\nlog_disconnections = 0\nserver_tls_sslmode = "
           "disable\n";
}

}  // namespace

Pgbouncer::Pgbouncer(const std::string& url, const std::vector<std::string>& users) {
    folder_ = "/tmp/baton_pgbouncer_XXXXXX";
    if (::mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    const std::string file = folder_ + "/pgbouncer.ini";
    std::ofstream(file) << settings(UnixUrl::of(url), folder_);
    std::ofstream user_list(folder_ + "/users");
    for (const std::string& user : users) user_list << '"' << user << "\" \"\"\n";
    user_list.close();

    std::vector<std::string> arguments;
    if (const passwd* user = unprivileged_user()) {
        if (::chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0) {
            throw std::runtime_error("chown failed for " + folder_);
        }
        arguments = {"setpriv",
                     "--reuid=" + std::to_string(user->pw_uid),
                     "--regid=" + std::to_string(user->pw_gid),
                     "--init-groups",
                     "--pdeathsig=KILL",
                     "--"};
    }
    arguments.insert(arguments.end(), {program, file});
    process_ = std::make_unique<ChildProcess>(ChildProcessOptions{.arguments = arguments});
    const bool started = eventually(std::chrono::seconds(20), [&] {
        return process_->wait(std::chrono::milliseconds(0)).has_value() ||
               accepts(folder_ + "/.s.PGSQL.6432");
    });
    if (!started || process_->wait(std::chrono::milliseconds(0))) {
        throw std::runtime_error("pgbouncer does not start: " + process_->error_output());
    }
}

Pgbouncer::~Pgbouncer() {
    process_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

std::string Pgbouncer::url(const std::string& database, const std::string& user) const {
    return "postgresql:///" + database + "?host=" + folder_ + "&port=6432&user=" + user;
}

bool Pgbouncer::is_installed() { return ::access(program, X_OK) == 0; }

}  // namespace baton::testing
