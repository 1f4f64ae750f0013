#include "support/tcp_server.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include "support/child_process.hpp"

namespace baton::testing {
namespace {

namespace fs = std::filesystem;

std::string own_address() {
    static std::atomic<int> count{0};
    return "127." + std::to_string(77 + ++count % 100) + "." +
           std::to_string(::getpid() / 250 % 250) + "." + std::to_string(::getpid() % 250 + 1);
}

fs::path make_folder() {
    std::string pattern = (fs::temp_directory_path() / "baton-tls-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::system_error(errno, std::generic_category());
    return pattern;
}

// A file that belongs to whom the server runs as, and is read by nobody else: else it is refused.
void give(const fs::path& from, const fs::path& to) {
    fs::copy_file(from, to, fs::copy_options::overwrite_existing);
    struct stat folder {};
    if (::stat(to.parent_path().c_str(), &folder) != 0 || ::chmod(to.c_str(), 0600) != 0 ||
        ::chown(to.c_str(), folder.st_uid, folder.st_gid) != 0) {
        throw std::system_error(errno, std::generic_category(), to.string());
    }
}

}  // namespace

TcpServer::TcpServer(TcpServerOptions options)
    : address_(own_address()), folder_(make_folder()), server_({.settings = [&] {
          options.settings.push_back("listen_addresses=" + address_);
          return options.settings;
      }()}) {
    make_certificate("authority", "");
    make_certificate("server", "authority");
    configure(options);
    server_.stop();
    server_.start();
}

TcpServer::~TcpServer() {
    std::error_code error;
    fs::remove_all(folder_, error);
}

// Without an authority it is its own.
void TcpServer::make_certificate(const std::string& subject, const std::string& authority) const {
    const std::string file = (folder_ / subject).string();
    std::vector<std::string> arguments{"openssl",
                                       "req",
                                       "-x509",
                                       "-newkey",
                                       "ec",
                                       "-pkeyopt",
                                       "ec_paramgen_curve:P-256",
                                       "-nodes",
                                       "-days",
                                       "2",
                                       "-subj",
                                       "/CN=" + subject,
                                       "-keyout",
                                       file + ".key",
                                       "-out",
                                       file + ".crt"};
    if (!authority.empty()) {
        const std::string its = (folder_ / authority).string();
        arguments.insert(arguments.end(), {"-CA", its + ".crt", "-CAkey", its + ".key", "-addext",
                                           "basicConstraints=critical,CA:FALSE"});
    }
    ChildProcess process({.arguments = arguments});
    const auto status = process.wait(std::chrono::seconds(30));
    if (!status || status->code != 0) {
        throw std::runtime_error("openssl made no certificate: " + process.error_output());
    }
}

void TcpServer::configure(const TcpServerOptions& options) const {
    const fs::path data = server_.directory() / "data";
    give(folder_ / "authority.crt", data / "root.crt");
    give(folder_ / "server.crt", data / "server.crt");
    give(folder_ / "server.key", data / "server.key");
    std::ofstream(data / "postgresql.auto.conf", std::ios::app)
        << "ssl = on\nssl_ca_file = 'root.crt'\n";
    // Emptied and written anew, so that it stays its owner's.
    std::ofstream access(data / "pg_hba.conf");
    access << "local all all trust\n";
    for (const std::string& login : options.certified) {
        access << "hostssl all " << login << " 127.0.0.0/8 trust clientcert=verify-full\n"
               << "host all " << login << " 127.0.0.0/8 reject\n";
    }
    access << "host all all 127.0.0.0/8 trust\n";
    access.flush();
    if (!access) throw std::runtime_error("pg_hba.conf cannot be written");
}

std::string TcpServer::tcp_url(const std::string& database, const std::string& login) const {
    return "postgresql://" + login + "@" + address_ + ":5432/" + database + "?sslmode=disable";
}

std::string TcpServer::with_certificate(const std::string& subject) const {
    // No file of whoever runs the tests is to be found.
    const std::string file = (folder_ / (subject.empty() ? "none" : subject)).string();
    if (!subject.empty() && !fs::exists(file + ".crt")) make_certificate(subject, "authority");
    return "&sslmode=require&sslcert=" + file + ".crt&sslkey=" + file + ".key";
}

}  // namespace baton::testing
