// A private server that can be reached by TCP and TLS, for what the server sees of where a session
// comes from: its address, and its certificate.
//
// It listens on an address of the loopback that no other process of the tests has, so that no port
// has to be found. A session to it comes from 127.0.0.1, as Linux has it; support/proxy.hpp makes
// one come from elsewhere. Certificates are asked for, and checked where one is shown; without one
// a session is let in, save for the logins of TcpServerOptions::certified.
//
// Threads: calls on one object must not overlap.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "baton/postgres/private_postgres.hpp"

namespace baton::testing {

struct TcpServerOptions {
    std::vector<std::string> settings = {"fsync=off", "max_wal_size=4GB"};
    /// Logins that get in with a certificate of their name alone (clientcert=verify-full).
    std::vector<std::string> certified = {};
};

class TcpServer {
public:
    /// Starts it. Throws as PrivatePostgres, and std::runtime_error where openssl cannot make the
    /// certificates.
    explicit TcpServer(TcpServerOptions options = {});
    ~TcpServer();
    TcpServer(const TcpServer&) = delete;
    TcpServer& operator=(const TcpServer&) = delete;

    [[nodiscard]] const std::string& address() const { return address_; }
    /// By the unix socket, as the superuser.
    [[nodiscard]] std::string url(const std::string& database) const {
        return server_.url(database);
    }
    /// By TCP, without TLS unless the parameters are followed by with_certificate().
    [[nodiscard]] std::string tcp_url(const std::string& database,
                                      const std::string& login = "baton") const;
    /// Parameters to put behind a tcp_url(): TLS, and the certificate of `subject`, which is made
    /// by the authority that the server trusts. "": TLS without a certificate.
    [[nodiscard]] std::string with_certificate(const std::string& subject) const;

private:
    void make_certificate(const std::string& subject, const std::string& authority) const;
    void configure(const TcpServerOptions& options) const;

    std::string address_;
    std::filesystem::path folder_;
    postgres::PrivatePostgres server_;
};

}  // namespace baton::testing
